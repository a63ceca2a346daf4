package fs

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

func started(ctx context.Context, signalled <-chan struct{}, pid int) *deadline {
	s := New(nil, Config{ReadTimeout: 25 * time.Second})
	s.alive = ctx
	return s.begin(signalled, &fuse.InHeader{Caller: fuse.Caller{Pid: uint32(pid)}})
}

func TestDeadlineEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		d := started(t.Context(), nil, 0)
		defer d.end()
		if err := d.Err(); err != nil {
			t.Errorf("Err = %v at the beginning", err)
		}
		<-d.Done()
		if waited := time.Since(begin); waited != 25*time.Second {
			t.Errorf("ended after %v, want 25s", waited)
		}
		if err := d.Err(); err != context.DeadlineExceeded || d.interrupted() {
			t.Errorf("Err = %v, interrupted = %v", err, d.interrupted())
		}
	})
}

func TestDeadlineWithoutDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := started(t.Context(), nil, 0)
		defer d.end()
		time.Sleep(25 * time.Second)
		if err := d.Err(); err != context.DeadlineExceeded {
			t.Errorf("Err = %v, want DeadlineExceeded", err)
		}
	})
}

func TestDeadlineEndsWithTheLoop(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := started(ctx, nil, 0)
	defer d.end()
	cancel()
	<-d.Done()
	if err := d.Err(); err != context.Canceled || d.interrupted() {
		t.Errorf("Err = %v, interrupted = %v", err, d.interrupted())
	}
}

func TestDeadlineAndSignals(t *testing.T) {
	victim := exec.Command("cat")
	in, err := victim.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	signalled := make(chan struct{})
	close(signalled)
	d := started(t.Context(), signalled, victim.Process.Pid)
	defer d.end()
	// A signal that does not kill changes nothing.
	if beingKilled(uint32(victim.Process.Pid)) || d.Err() != nil {
		t.Errorf("a living process counts as being killed; Err = %v", d.Err())
	}
	done := d.Done()
	if err := errors.Join(victim.Process.Kill(), ignoreExit(victim.Wait())); err != nil {
		t.Fatal(err)
	}
	<-done
	if err := d.Err(); err != context.Canceled || !d.interrupted() {
		t.Errorf("Err = %v, interrupted = %v, want Canceled, true", err, d.interrupted())
	}
	if beingKilled(0) || beingKilled(uint32(os.Getpid())) {
		t.Error("nobody and this process count as being killed")
	}
}

func ignoreExit(err error) error {
	if errors.As(err, new(*exec.ExitError)) {
		return nil
	}
	return err
}
