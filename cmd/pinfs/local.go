package main

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"syscall"

	"github.com/pinfs/pinfs/fetch"
)

// local is a file on this machine as a source of image bytes; they are not verified.
type local struct {
	*os.File
	size int64
}

// openLocal opens a regular file; a pipe would make it wait for a writer.
func openLocal(name string) (*local, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no file %s", fetch.ErrNotFound, name)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", name)
	}
	if err != nil {
		quietly(f)
		return nil, err
	}
	return &local{f, info.Size()}, nil
}

// ReadAt implements squash.Source.
func (l *local) ReadAt(_ context.Context, p []byte, off int64) error {
	_, err := l.File.ReadAt(p, off)
	return err
}

// Size implements squash.Source.
func (l *local) Size() int64 { return l.size }

// isSquashfs reports whether the file begins like one.
func (l *local) isSquashfs() bool {
	var magic [4]byte
	_, err := l.File.ReadAt(magic[:], 0)
	return err == nil && string(magic[:]) == "hsqs"
}
