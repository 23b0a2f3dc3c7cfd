package programs_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/burnish-photo/burnish/cmd/worker/programs"
	"github.com/burnish-photo/burnish/cmd/worker/sandbox"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/process"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
	"golang.org/x/sys/unix"
)

// The test's binary is the program that attacks, too, and what becomes it.
func TestMain(m *testing.M) {
	if programs.Stage(os.Args) {
		os.Exit(1)
	}
	if len(os.Args) > 2 && os.Args[1] == "attack" {
		attack(os.Args[2], os.Args[3:])
		return
	}
	vipstest.Main(m)
}

// attack does what an operator must not be able to do, and says what came of it.
func attack(how string, args []string) {
	for i := range args {
		args[i] = strings.TrimPrefix(args[i], "path=") // a file that the command names may be read
	}
	say := func(err error) {
		if err == nil {
			fmt.Println("POSSIBLE")
			return
		}
		fmt.Println(err)
	}
	switch how {
	case "echo":
		_, _ = io.Copy(os.Stdout, os.Stdin)
	case "write":
		say(os.WriteFile(args[0], []byte("x"), 0o600))
	case "overwrite":
		f, err := os.OpenFile(args[0], os.O_WRONLY, 0)
		if err == nil {
			_, err = f.Write([]byte("x"))
		}
		say(err)
	case "read":
		data, err := os.ReadFile(args[0])
		if err == nil && len(data) == 0 {
			err = errors.New("there is nothing")
		}
		say(err)
	case "remove":
		say(os.Remove(args[0]))
	case "chmod":
		say(os.Chmod(args[0], 0o777))
	case "socket":
		for _, family := range []int{syscall.AF_UNIX, syscall.AF_INET, syscall.AF_INET6, syscall.AF_NETLINK} {
			if _, err := syscall.Socket(family, syscall.SOCK_STREAM, 0); err == nil {
				say(nil)
				return
			}
		}
		say(errors.New("no socket"))
	case "fork":
		say(exec.Command("/proc/self/exe", "attack", "echo").Run())
	case "run":
		say(exec.Command(args[0], args[1:]...).Run())
	case "leave":
		_, err := syscall.Setsid()
		say(errors.Join(err, syscall.Setpgid(0, 0)))
	case "kill":
		pid, _ := strconv.Atoi(args[0])
		say(syscall.Kill(pid, syscall.Signal(0)))
	case "grow":
		for all := [][]byte{}; ; all = append(all, bytes.Repeat([]byte{1}, 16<<20)) {
			time.Sleep(5 * time.Millisecond)
		}
	case "outlive": // who started it
		say(unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0))
	case "elope": // to be nobody's child that watches it
		c := exec.Command(args[0], args[1:]...)
		c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_PARENT}
		say(c.Start())
	case "hinder": // a task of which it knows the number alone
		tid := make(chan int)
		other := os.Getpid()
		for other == os.Getpid() {
			go func() {
				runtime.LockOSThread()
				tid <- unix.Gettid()
				select {}
			}()
			other = <-tid
		}
		var cores unix.CPUSet
		err := unix.SchedGetaffinity(0, &cores)
		_, _, idle := unix.RawSyscall(unix.SYS_SCHED_SETPARAM, uintptr(other), uintptr(unsafe.Pointer(new(int32))), 0)
		if unix.SchedSetaffinity(other, &cores) == nil || idle == 0 || err != nil {
			say(nil)
			return
		}
		say(errors.Join(errors.New("no other task"), unix.SchedSetaffinity(0, &cores)))
	case "flood":
		for {
			if _, err := fmt.Println(strings.Repeat("x", 2000)); err != nil {
				return
			}
		}
	case "stderr":
		for i := 0; ; i++ {
			if _, err := fmt.Fprintln(os.Stderr, "line", i, strings.Repeat("x", 2000)); err != nil {
				return
			}
		}
	case "limits":
		status, _ := os.ReadFile("/proc/self/status")
		caps := ""
		for line := range strings.Lines(string(status)) {
			if strings.HasPrefix(line, "CapEff:") || strings.HasPrefix(line, "CapPrm:") {
				caps += strings.Fields(line)[1] + " "
			}
		}
		var tasks, size syscall.Rlimit
		_ = syscall.Getrlimit(6 /* RLIMIT_NPROC */, &tasks)
		_ = syscall.Getrlimit(syscall.RLIMIT_FSIZE, &size)
		fmt.Printf("user %d, capabilities %stasks %d, files %d\n", os.Getuid(), caps, tasks.Max, size.Max)
	case "environment":
		fmt.Println(strings.Join(os.Environ(), " "))
	case "stay": // whatever happens
		for {
			time.Sleep(time.Hour)
		}
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// launcher starts this binary as an attacker.
func launcher(t *testing.T, log io.Writer, memory string, runs []string, command ...string) *programs.Launcher {
	t.Helper()
	if err := sandbox.CanFilter(); err != nil {
		t.Skip(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	size, err := diag.ParseSize(memory)
	if err != nil {
		t.Fatal(err)
	}
	d := process.Declaration{Memory: size, Runs: runs, Environment: map[string]string{"COLOUR": "blue"}}
	d.Command = append([]string{exe, "attack"}, command...)
	if filepath.IsAbs(command[0]) {
		d.Command = command
	}
	l := programs.New(map[string]process.Declaration{"x": d}, true, slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(l.Close)
	return l
}

// digest is that of the operator's own files.
func digest(t *testing.T, files ...string) string {
	t.Helper()
	own, _, err := process.Digests(files)
	if err != nil {
		t.Fatal(err)
	}
	return own
}

func self(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// says is the first line of a program.
func says(t *testing.T, l *programs.Launcher) string {
	t.Helper()
	p, err := l.Start(t.Context(), "x", digest(t, self(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer p.End()
	line, err := bufio.NewReader(p).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, p.End())
	}
	return strings.TrimSpace(line)
}

func TestNoWayOut(t *testing.T) {
	if _, err := sandbox.Version(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("a secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{
		{"write", "/tmp/burnish-operator-was-here"}, {"write", filepath.Join(dir, "new")}, {"write", "/dev/shm/burnish-operator-was-here"},
		{"overwrite", "path=" + secret}, {"read", "path=" + secret}, {"remove", "path=" + secret}, {"chmod", "path=" + secret},
		{"socket"}, {"fork"}, {"run", "/bin/sh", "-c", ":"}, {"leave"}, {"kill", strconv.Itoa(os.Getpid())}, {"kill", "-1"},
		{"outlive"}, {"hinder"},
		{"read", fmt.Sprintf("path=/proc/%d/environ", os.Getpid())}, {"read", "path=/etc/shadow"},
	} {
		if got := says(t, launcher(t, io.Discard, "1GB", nil, command...)); strings.Contains(got, "POSSIBLE") {
			t.Errorf("%v is possible", command)
		}
	}
	// It may use its pipes, or the above would show nothing.
	p, err := launcher(t, io.Discard, "1GB", nil, "echo").Start(t.Context(), "x", digest(t, self(t)))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(p, "hello")
	if line, err := bufio.NewReader(p).ReadString('\n'); line != "hello\n" {
		t.Errorf("got %q, %v, %s", line, err, p.End())
	}
	if cause := p.End(); cause != "it ended by itself" {
		t.Errorf("it ended so: %s", cause)
	}
}

// What a program may start is confined as it is, and ends with it.
func TestDeclaredProgramsRun(t *testing.T) {
	if _, err := sandbox.Version(); err != nil {
		t.Skip(err)
	}
	run := func(command ...string) string {
		return says(t, launcher(t, io.Discard, "1GB", []string{"/usr/bin/cat"}, command...))
	}
	if got := run("run", "/usr/bin/cat", "/dev/null"); got != "POSSIBLE" {
		t.Errorf("a declared program: %s", got)
	}
	for _, command := range [][]string{{"run", "/bin/sh", "-c", ":"}, {"run", "/usr/bin/touch", "/tmp/burnish-operator-was-here"}, {"leave"}, {"socket"}, {"outlive"}, {"elope", "/usr/bin/cat", "/dev/null"}, {"hinder"}, {"kill", strconv.Itoa(os.Getpid())}} {
		if got := run(command...); strings.Contains(got, "POSSIBLE") {
			t.Errorf("%v is possible", command)
		}
	}
}

// Root's programs are not root's, so that the kernel bounds what they start.
func TestRootIsLeft(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	got := says(t, launcher(t, io.Discard, "1GB", nil, "limits"))
	if want := regexp.MustCompile(`^user 20\d{8}, capabilities 0000000000000004 0000000000000004 tasks 512, files 0$`); !want.MatchString(got) {
		t.Errorf("got %s", got)
	}
}

func TestEnvironmentIsItsOwn(t *testing.T) {
	t.Setenv("BURNISH_SECRET", "secret")
	got := says(t, launcher(t, io.Discard, "1GB", nil, "environment"))
	if strings.Contains(got, "SECRET") || !strings.Contains(got, "COLOUR=blue") || !strings.Contains(got, "PATH=/usr/local/sbin:") {
		t.Errorf("got %s", got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	p, err := launcher(t, io.Discard, "100MB", nil, "grow").Start(t.Context(), "x", digest(t, self(t)))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, p)
	if cause := p.End(); !strings.Contains(cause, "may hold 100MB (operators.x.memory)") && !strings.Contains(cause, "out of memory") {
		t.Errorf("it ended so: %s", cause)
	}
}

// syncBuffer is a buffer that goroutines share.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestStandardErrorIsBounded(t *testing.T) {
	var log syncBuffer
	p, err := launcher(t, &log, "1GB", nil, "stderr").Start(t.Context(), "x", digest(t, self(t)))
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	cause := p.End()
	if n := strings.Count(log.String(), "a program wrote to standard error"); n != 20 || log.b.Len() > 40<<10 {
		t.Errorf("%d lines, %d bytes are in the log", n, log.b.Len())
	}
	if !strings.Contains(cause, "it last wrote: line ") || len(cause) > 1000 {
		t.Errorf("it ended so: %s", cause)
	}
}

// A program that ignores the end of its input and every signal that it can is
// ended, with what it started.
func TestStubbornProgramsEnd(t *testing.T) {
	script := filepath.Join(t.TempDir(), "stubborn")
	text := "#!/bin/sh\ntrap '' TERM INT HUP PIPE\necho ready\nwhile :; do sleep 1000 & sleep 1000; done\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	l := launcher(t, io.Discard, "1GB", []string{"/usr/bin/sleep"}, script)
	p, err := l.Start(t.Context(), "x", digest(t, script))
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(p).ReadString('\n'); line != "ready\n" {
		t.Fatalf("got %q, %v: %s", line, err, p.End())
	}
	began := time.Now()
	p.End()
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("it took %s", d)
	}
	if left := named(script); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}

func TestManyProcessesEnd(t *testing.T) {
	script := filepath.Join(t.TempDir(), "bomb")
	// A bounded one, that a fault here harms nobody.
	text := "#!/bin/sh\ni=0\nwhile [ $i -lt 50 ]; do sleep 20 & i=$((i+1)); done\nsleep 20\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	l := launcher(t, io.Discard, "1GB", []string{"/usr/bin/sleep"}, script)
	p, err := l.Start(t.Context(), "x", digest(t, script))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, p)
	if cause := p.End(); !strings.Contains(cause, "more than 32 processes") {
		t.Errorf("it ended so: %s", cause)
	}
	time.Sleep(100 * time.Millisecond)
	if left := named(script); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}

// What a program leaves behind is no zombie of a daemon that is process 1, as in a
// container.
func TestOrphansAreReaped(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) })
	script := filepath.Join(t.TempDir(), "orphans")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nsleep 20 & sleep 20 & sleep 20 &\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	p, err := launcher(t, io.Discard, "1GB", []string{"/usr/bin/sleep"}, script).Start(t.Context(), "x", digest(t, script))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, p)
	p.End()
	if left := zombies(); left > 0 {
		t.Errorf("%d zombies are left", left)
	}
}

// zombies counts those of this process.
func zombies() (n int) {
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range all {
		text, _ := os.ReadFile(file)
		_, rest, _ := strings.Cut(string(text), ") ")
		if f := strings.Fields(rest); len(f) > 1 && f[0] == "Z" && f[1] == strconv.Itoa(os.Getpid()) {
			n++
		}
	}
	return n
}

// named are the processes whose command line holds a text.
func named(text string) (pids []string) {
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range all {
		if line, err := os.ReadFile(file); err == nil && strings.Contains(string(line), text) {
			pids = append(pids, filepath.Base(filepath.Dir(file)))
		}
	}
	return pids
}

// A program whose file is another by now is not started.
func TestSwappedProgramsDoNotStart(t *testing.T) {
	script := filepath.Join(t.TempDir(), "program")
	write := func(text string) {
		if err := errors.Join(os.WriteFile(script+".new", []byte("#!/bin/sh\n"+text+"\n"), 0o755), os.Rename(script+".new", script)); err != nil {
			t.Fatal(err)
		}
	}
	write("echo one; cat")
	l := launcher(t, io.Discard, "1GB", nil, script)
	was := digest(t, script)
	p, err := l.Start(t.Context(), "x", was)
	if err != nil {
		t.Fatal(err)
	}
	p.End()
	write("echo two; cat")
	if _, err := l.Start(t.Context(), "x", was); !errors.Is(err, ops.ErrProgramChanged) || !strings.Contains(err.Error(), "burnish reload takes the new one") {
		t.Errorf("got %v", err)
	}
}

func TestMissingProgramsSaySo(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "program")
	if err := os.WriteFile(script, []byte("#!/no/such/interpreter\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := launcher(t, io.Discard, "1GB", nil, script).Start(t.Context(), "x", digest(t, script)); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}

// A worker asks over a socket; its end is the end of what it asked for.
func TestRemote(t *testing.T) {
	ours, theirs, err := programs.Pair()
	if err != nil {
		t.Fatal(err)
	}
	l := launcher(t, io.Discard, "1GB", nil, "echo")
	served := make(chan struct{})
	go func() { defer close(served); programs.Serve(ours, l) }()
	conn, err := programs.Conn(theirs)
	if err != nil {
		t.Fatal(err)
	}
	remote := programs.NewRemote(conn)
	if _, err := remote.Start(context.Background(), "x", "another"); !errors.Is(err, ops.ErrProgramChanged) {
		t.Errorf("another digest: %v", err)
	}
	if _, err := remote.Start(context.Background(), "y", ""); err == nil || !strings.Contains(err.Error(), `no operator "y" is declared`) {
		t.Errorf("another operator: %v", err)
	}
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			p, err := remote.Start(context.Background(), "x", digest(t, self(t)))
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprintln(p, "hello")
			if line, err := bufio.NewReader(p).ReadString('\n'); line != "hello\n" {
				t.Errorf("got %q, %v, %s", line, err, p.End())
			}
			if cause := p.End(); cause != "it ended by itself" {
				t.Errorf("it ended so: %s", cause)
			}
		})
	}
	wait.Wait()
	p, err := remote.Start(context.Background(), "x", digest(t, self(t)))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	select {
	case <-served:
	case <-time.After(10 * time.Second):
		t.Fatal("it serves on")
	}
	if _, err := bufio.NewReader(p).ReadString('\n'); err == nil {
		t.Error("the program runs on")
	}
}
