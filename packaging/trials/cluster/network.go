package main

import (
	"fmt"
	"os/exec"
	"strings"
)

// network is a bridge in a namespace of its own, and a namespace for each member.
type network struct {
	hub     string
	members []string
}

func newNetwork() (*network, error) {
	n := &network{hub: "bcl-hub"}
	n.clear()
	if err := ip("netns", "add", n.hub); err != nil {
		return nil, err
	}
	err := n.in(n.hub, "link", "add", "br0", "type", "bridge")
	if err == nil {
		err = n.in(n.hub, "link", "set", "br0", "up")
	}
	if err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

// join makes a member's namespace, and returns its address.
func (n *network) join(name string) (address string, err error) {
	space, port := "bcl-"+name, "p-"+name
	n.members = append(n.members, space)
	address = fmt.Sprintf("10.77.0.%d", 10+len(n.members))
	for _, step := range [][]string{
		{"netns", "add", space},
		{"-n", n.hub, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space},
		{"-n", n.hub, "link", "set", port, "master", "br0", "up"},
		{"-n", space, "addr", "add", address + "/24", "dev", "eth0"},
		{"-n", space, "link", "set", "eth0", "up"},
		{"-n", space, "link", "set", "lo", "up"},
	} {
		if err := ip(step...); err != nil {
			return "", err
		}
	}
	return address, nil
}

// link takes a member's link down or up.
func (n *network) link(name string, up bool) error {
	state := "down"
	if up {
		state = "up"
	}
	return n.in(n.hub, "link", "set", "p-"+name, state)
}

func (n *network) in(space string, args ...string) error {
	return ip(append([]string{"-n", space}, args...)...)
}

// clear removes what an earlier trial has left.
func (n *network) clear() {
	out, _ := exec.Command("ip", "netns", "list").Output()
	for line := range strings.Lines(string(out)) {
		if name, _, _ := strings.Cut(strings.TrimSpace(line), " "); strings.HasPrefix(name, "bcl-") {
			_ = ip("netns", "del", name)
		}
	}
}

func (n *network) close() { n.clear() }

func ip(args ...string) error {
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
