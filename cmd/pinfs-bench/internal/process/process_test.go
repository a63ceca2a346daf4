package process

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestStartAndStop(t *testing.T) {
	p, err := Start(exec.Command("sleep", "infinity"))
	if err != nil {
		t.Fatal(err)
	}
	if u, err := UsageOf(p.PID()); err != nil || u.Peak <= 0 {
		t.Errorf("UsageOf a process = %+v, %v, want some memory", u, err)
	}
	p.Stop()
	p.Stop()
	if u, err := UsageOf(p.PID()); err != nil || u != (Usage{}) {
		t.Errorf("UsageOf one that has ended = %+v, %v, want none", u, err)
	}
}

func TestWords(t *testing.T) {
	p, err := Start(exec.Command("sh", "-c", "echo one; echo two >&2"))
	if err != nil {
		t.Fatal(err)
	}
	if words := p.Words(); !strings.Contains(words, "one") || !strings.Contains(words, "two") {
		t.Errorf("Words() = %q, want both streams", words)
	}
	if _, err := Start(exec.Command("/none")); err == nil {
		t.Error("a program that is not there was started")
	}
}

func TestUsageGrows(t *testing.T) {
	before, err := UsageOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for {
		now, err := UsageOf(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if now.CPU > before.CPU {
			return
		}
	}
}
