package work

import (
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
)

// digest looks at everything there is, not at what is listed.
func (j *job) digest() error {
	buf := make([]byte, chunk)
	return filepath.WalkDir(j.Dir, func(name string, d iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(j.Dir, name)
		if err != nil {
			return err
		}
		j.sum.operations.Add(1)
		fmt.Fprintf(j.sum.exact, "%q %s %d\n", rel, fi.Mode(), fi.ModTime().Unix())
		return j.digestContent(name, fi, buf)
	})
}

func (j *job) digestContent(name string, fi iofs.FileInfo, buf []byte) error {
	switch fi.Mode().Type() {
	case iofs.ModeSymlink:
		target, err := os.Readlink(name)
		fmt.Fprintf(j.sum.exact, "%q\n", target)
		return err
	case 0:
		f, err := open(name)
		if err != nil {
			return err
		}
		defer f.close()
		n, err := io.CopyBuffer(j.sum.exact, f, buf)
		j.sum.bytes.Add(n)
		fmt.Fprintf(j.sum.exact, "\n%d\n", n)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
	return nil
}
