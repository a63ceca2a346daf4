package fs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fetch"
)

// source is an image file whose origin breaks when told to: while the file "fail", "hang",
// "die" or "linger" is in the control directory.
type source struct {
	file    *os.File
	size    int64
	control string
	open    bool // the image is: nothing breaks before
}

func openSource(j job) (*source, error) {
	f, err := os.Open(j.Image)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &source{file: f, size: info.Size(), control: j.Control}, nil
}

func (s *source) Size() int64 { return s.size }

func (s *source) ReadAt(ctx context.Context, p []byte, off int64) error {
	if s.told("hang") {
		tell(s.control)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-released(s.control):
		}
	}
	if s.told("linger") { // longer than a worker that has failed to start
		time.Sleep(1200 * time.Millisecond)
		os.Exit(3)
	}
	if s.told("die") {
		os.Exit(3)
	}
	if s.told("fail") {
		return fmt.Errorf("origin: %w", fetch.ErrUnavailable)
	}
	_, err := s.file.ReadAt(p, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return err
}

func (s *source) told(word string) bool {
	_, err := os.Stat(filepath.Join(s.control, word))
	return s.open && err == nil
}

// tell lets the test know that the worker hangs now: one byte in a fifo.
func tell(control string) {
	f, err := os.OpenFile(filepath.Join(control, "hanging"), os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	f.Write([]byte{1})
}

// released closes when the test lets a hanging read go on.
func released(control string) <-chan struct{} {
	c := make(chan struct{})
	go func() {
		defer close(c)
		f, err := os.Open(filepath.Join(control, "release"))
		if err != nil {
			panic(err)
		}
		defer f.Close()
		f.Read([]byte{0})
	}()
	return c
}

// origin is what a test can do to the source of its mount.
type origin struct {
	t       *testing.T
	dir     string
	hanging *os.File
	release *os.File // a byte lets one hanging read go on
}

func newOrigin(t *testing.T) *origin {
	t.Helper()
	o := &origin{t: t, dir: t.TempDir()}
	o.hanging, o.release = o.fifo("hanging"), o.fifo("release")
	return o
}

func (o *origin) fifo(name string) *os.File {
	o.t.Helper()
	path := filepath.Join(o.dir, name)
	if err := unix.Mkfifo(path, 0o666); err != nil {
		o.t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { f.Close() })
	return f
}

// set makes the origin behave as word says, "" for well.
func (o *origin) set(word string) {
	o.t.Helper()
	os.Remove(filepath.Join(o.dir, "fail"))
	os.Remove(filepath.Join(o.dir, "hang"))
	os.Remove(filepath.Join(o.dir, "die"))
	os.Remove(filepath.Join(o.dir, "linger"))
	if word == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(o.dir, word), nil, 0o644); err != nil {
		o.t.Fatal(err)
	}
}

// awaitHang returns when some read hangs.
func (o *origin) awaitHang() {
	o.t.Helper()
	if _, err := o.hanging.Read(make([]byte, 1)); err != nil {
		o.t.Fatal(err)
	}
}
