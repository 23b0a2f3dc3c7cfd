package cmd

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/plugin/tools"
)

// online are the lines of a drop-in that undo settings which keep a service from
// the network.
var online = map[string]string{"PrivateNetwork": "PrivateNetwork=no", "RestrictAddressFamilies": "RestrictAddressFamilies=AF_INET AF_INET6", "IPAddressDeny": "IPAddressDeny="}

// judgeNotify finds what keeps the service from sending notifications.
func (s *service) judgeNotify(c *config.Config) {
	if offline := s.unit.Offline(); len(c.Notify.Webhooks) > 0 && len(offline) > 0 {
		for _, setting := range offline {
			name, _, _ := strings.Cut(setting, "=")
			s.remedy.network = append(s.remedy.network, online[name])
		}
		s.faults = append(s.faults, c.NotifyFault("webhooks", "%s has no network (%s), which webhooks need", s.unit.Name, strings.Join(offline, ", ")))
	}
	mail := c.Notify.Email.Sendmail
	if len(c.Notify.Email.To) > 0 && s.unit.Unprivileged() && needsRights(mail) {
		s.faults = append(s.faults, c.NotifyFault("email", "%s gains no rights from programs (NoNewPrivileges=yes), which %s needs to queue mail", s.unit.Name, mail).
			WithHint("use a sendmail that needs none, such as msmtp (msmtp-mta), or a webhook"))
	}
}

// postdrop is what Postfix's sendmail queues mail by.
const postdrop = "/usr/sbin/postdrop"

// needsRights reports whether a sendmail, or what it starts, has rights that its
// user has not.
func needsRights(sendmail string) bool {
	gains := func(program string) bool {
		info, err := os.Stat(program)
		return err == nil && info.Mode()&(os.ModeSetuid|os.ModeSetgid) != 0
	}
	target, err := filepath.EvalSymlinks(sendmail)
	return gains(sendmail) || err == nil && filepath.Base(target) == "sendmail" && gains(postdrop)
}

// examineNotify tells where notifications go, and what keeps them.
func examineNotify(c *config.Config, s *service) (all []tools.Finding) {
	if c.Notify.Silent() {
		return nil
	}
	var to []string
	if n := len(c.Notify.Email.To); n > 0 {
		to = append(to, counted(n, "e-mail addresses"))
	}
	if len(c.Notify.Command) > 0 {
		to = append(to, diag.Printable(c.Notify.Command[0]))
	}
	if n := len(c.Notify.Webhooks); n > 0 {
		to = append(to, counted(n, "webhooks"))
	}
	f := tools.Found("notifications", "%s", strings.Join(to, ", "))
	if s == nil || s.unit.Rooted() {
		return []tools.Finding{f}
	}
	one := &service{unit: s.unit, user: s.user}
	one.judgeNotify(c)
	for _, fault := range one.faults {
		told := tools.Found("notifications", "%s", fault.Message)
		if len(one.remedy.network) > 0 && fault.Hint == "" {
			fault.Hint = one.remedy.line(s.unit)
		}
		all = append(all, told.Fail("%s", fault.Hint))
	}
	if len(all) == 0 {
		all = append(all, f)
	}
	return all
}
