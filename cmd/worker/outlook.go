package worker

import (
	"github.com/burnish-photo/burnish/cmd/worker/sandbox"
	"github.com/burnish-photo/burnish/config"
)

// Outlook is how the worker process of a configuration would be confined here.
type Outlook struct {
	Files string // what confines it to files, in words
	Calls string // how system calls are filtered, in words
	Open  string // what to do where it is not confined in full; "" where it is
}

// Foresee tells how the worker process would be confined. It confines nothing.
func Foresee(c *config.Config) Outlook {
	o := Outlook{Files: confine(c).String(), Calls: "filtered by seccomp"}
	_, missing := sandbox.Version()
	filterless := sandbox.CanFilter()
	if filterless != nil {
		o.Calls = "not filtered: " + filterless.Error()
	}
	switch {
	case !c.Worker.Process:
		o.Files, o.Calls = "none: worker.process is false", "not filtered"
		o.Open = "remove worker.process"
	case c.Worker.Sandbox == "off":
		o.Calls = "not filtered"
		o.Open = "remove worker.sandbox, and give the worker further files with worker.read and worker.write"
	case missing != nil:
		o.Open = "boot a kernel from 5.19 on with Landlock among its security modules (lsm=landlock,...)"
	case confine(c).off():
		o.Open = "boot a kernel from 5.19 on"
	case filterless != nil:
		o.Open = "boot a kernel with seccomp filters (CONFIG_SECCOMP_FILTER)"
	}
	return o
}
