package publish

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"syscall"

	"github.com/pinfs/pinfs/fetch"
)

// image is the open local file, with what identifies its content to the kernel.
type image struct {
	*os.File
	size   int64
	before stamp
}

// stamp changes whenever a file's content does.
type stamp struct {
	size         int64
	mtime, ctime syscall.Timespec
}

// openImage opens what is to be published.
func openImage(name string) (*image, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would wait for its writer
	switch {
	case errors.Is(err, iofs.ErrNotExist):
		return nil, fmt.Errorf("%w: no file %s", fetch.ErrNotFound, name)
	case err != nil:
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", name)
	}
	if err == nil && info.Size() == 0 {
		err = fmt.Errorf("%w: %s is empty, nothing to publish", fetch.ErrMalformed, name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &image{f, info.Size(), stampOf(info)}, nil
}

func stampOf(info iofs.FileInfo) stamp {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stamp{size: info.Size()}
	}
	return stamp{info.Size(), st.Mtim, st.Ctim}
}

// unchanged fails if somebody wrote to the file since it was opened.
func (f *image) unchanged() error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if stampOf(info) != f.before {
		return fmt.Errorf("%w: %s changed while it was read: publish again when nobody writes to it", fetch.ErrConflict, f.Name())
	}
	return nil
}
