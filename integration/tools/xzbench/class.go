package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// class is a kind of data: files below the roots that are of it.
type class struct {
	name  string
	roots []string
	of    func(name string, head []byte) bool
}

var classes = []class{
	{"libraries", []string{"/usr/lib", "/usr/bin", "/usr/local/go/pkg"}, isELF},
	{"text", []string{"/usr/include", "/usr/local/go/src", "/usr/share", "/usr/lib/python3"}, isText},
	{"compressed", []string{"/usr", "/var/cache", "/root/go"}, isCompressed},
	{"mixed", []string{"/usr"}, func(string, []byte) bool { return true }},
}

func isELF(_ string, head []byte) bool { return bytes.HasPrefix(head, []byte("\x7fELF")) }

func isText(name string, head []byte) bool {
	return !isCompressed(name, head) && bytes.IndexByte(head, 0) < 0
}

func isCompressed(name string, _ []byte) bool {
	return slices.Contains([]string{".gz", ".xz", ".zip", ".zst", ".png", ".jpg", ".bz2", ".whl", ".jar", ".deb", ".tgz", ".woff2"}, filepath.Ext(name))
}

// treeSize is how many bytes of files are packed for a class; treeFile how many a single one may have.
const treeSize, treeFile = 48 << 20, 8 << 20

// pack makes the image of c, unless it is there.
func (c class) pack(image string) error {
	if _, err := os.Stat(image); err == nil {
		return nil
	}
	files, err := c.files()
	if err != nil {
		return err
	}
	cmd := exec.Command("mksquashfs", "-", image+".new", "-tar", "-comp", "xz", "-b", "128K", "-noappend", "-quiet", "-no-progress")
	tar := exec.Command("tar", "--create", "--no-recursion", "--null", "--files-from=-", "--absolute-names")
	tar.Stdin = strings.NewReader(strings.Join(files, "\x00"))
	if cmd.Stdin, err = tar.StdoutPipe(); err != nil {
		return err
	}
	if err := tar.Start(); err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mksquashfs: %w: %s", err, out)
	}
	if err := tar.Wait(); err != nil {
		return fmt.Errorf("tar: %w", err)
	}
	return os.Rename(image+".new", image)
}

// files lists files of c, spread evenly over all there are.
func (c class) files() ([]string, error) {
	var all []string
	var size int64
	for _, root := range c.roots {
		err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return nil // a tree of the machine may change, or be missing
			}
			info, err := e.Info()
			if err != nil || info.Size() == 0 || info.Size() > treeFile || !c.of(name, head(name)) {
				return nil
			}
			all = append(all, name)
			size += info.Size()
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	step := max(1, float64(size)/treeSize)
	var some []string
	for i := 0.0; int(i) < len(all); i += step {
		some = append(some, all[int(i)])
	}
	if len(some) == 0 {
		return nil, fmt.Errorf("no file of class %s below %v", c.name, c.roots)
	}
	return some, nil
}

// head returns up to 4 KiB from the start of a file.
func head(name string) []byte {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	p := make([]byte, 4<<10)
	n, _ := io.ReadFull(f, p)
	return p[:n]
}
