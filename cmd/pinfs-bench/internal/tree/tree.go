// Package tree makes directory trees in the shape of a compiler's installation.
package tree

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pinfs/pinfs/cmd/internal/prose"
)

// Shape says how much of everything a tree has.
type Shape struct {
	Packages  int // directories below include, with headers in seven directories each
	Libraries int // MiB of libraries together
}

// Whole is the shape of a large release: 68,000 entries in 9,700 directories, 350 MB.
var Whole = Shape{Packages: 1380, Libraries: 180}

// Scaled is a part of s; at least something of everything remains.
func (s Shape) Scaled(by float64) Shape {
	part := func(n int) int { return max(1, int(float64(n)*by+0.5)) }
	return Shape{part(s.Packages), part(s.Libraries)}
}

const (
	groups  = 6 // directories of headers in a package
	headers = 7 // in each of them
)

// Make fills dir, which must not exist, with the tree of a shape: the same bytes each time.
func Make(ctx context.Context, dir string, s Shape) error {
	m := maker{prose.NewWriter(1), dir}
	for i := range s.Packages {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := m.makePackage(fmt.Sprintf("include/pkg%04d", i)); err != nil {
			return err
		}
	}
	return m.libraries(ctx, s.Libraries<<20)
}

type maker struct {
	*prose.Writer
	dir string
}

func (m maker) mkdir(name string) error { return os.MkdirAll(filepath.Join(m.dir, name), 0o755) }

func (m maker) file(name string, content []byte) error {
	return os.WriteFile(filepath.Join(m.dir, name), content, 0o644)
}

// makePackage makes the headers of a package, most of them small, and a link.
func (m maker) makePackage(name string) error {
	for g := range groups {
		group := fmt.Sprintf("%s/group%d", name, g)
		if err := m.mkdir(group); err != nil {
			return err
		}
		for h := range headers {
			if err := m.file(fmt.Sprintf("%s/%s", group, headerName(name, g, h)), m.Text(m.headerSize())); err != nil {
				return err
			}
		}
	}
	return os.Symlink("group0/"+headerName(name, 0, 0), filepath.Join(m.dir, name, "all.h"))
}

// headerName is found in one directory of the tree only, so that a search for it fails elsewhere.
func headerName(pkg string, group, header int) string {
	return fmt.Sprintf("%s_%d%d.h", filepath.Base(pkg), group, header)
}

// headerSize has a mean of 3 KiB; one in eight is four times as large as the others.
func (m maker) headerSize() int {
	n := 200 + m.IntN(4<<10)
	if m.IntN(8) == 0 {
		n *= 4
	}
	return n
}

// libraries makes n bytes of libraries of 1 to 32 MiB.
func (m maker) libraries(ctx context.Context, n int) error {
	if err := m.mkdir("lib"); err != nil {
		return err
	}
	for i := 0; n > 0 && ctx.Err() == nil; i++ {
		size := min(n, 1<<20<<(i%6))
		name := fmt.Sprintf("lib/lib%02d.so", i)
		if err := m.file(name+".1", m.binary(size)); err != nil {
			return err
		}
		if err := os.Symlink(fmt.Sprintf("lib%02d.so.1", i), filepath.Join(m.dir, name)); err != nil {
			return err
		}
		n -= size
	}
	return ctx.Err()
}

// binary is content that packs to some 40 %, as programs do: code and tables in turns.
func (m maker) binary(n int) []byte {
	b := make([]byte, 0, n)
	for len(b) < n {
		b = append(b, m.Text(min(12<<10, n-len(b)))...)
		b = append(b, m.Noise(min(3<<10, n-len(b)))...)
	}
	return b
}
