package work

import (
	"fmt"
	iofs "io/fs"
	"math/rand/v2"
	"path"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/tree"
)

const (
	places    = 6  // of the tree that a compilation takes headers from
	run       = 12 // headers that it takes from one place
	searched  = 4  // directories in which a header is looked for before it is found
	largeSize = 64 << 10
)

// compile does to the file system what compilers do: it looks for each header in some directories that
// do not have it, then opens it, asks for its attributes and reads it. Few places are used by many
// compilations.
func (j *job) compile() error {
	files := j.headers()
	if len(files) == 0 {
		return fmt.Errorf("the tree has no file below %d bytes", largeSize)
	}
	dirs, rnd, buf := j.dirs(), rand.New(rand.NewPCG(5, 6)), make([]byte, largeSize)
	popular := rand.NewZipf(rnd, 1.1, 8, uint64(len(files)-1))
	for range j.Count {
		var include [searched]string
		for i := range include {
			include[i] = dirs[rnd.IntN(len(dirs))]
		}
		for range places {
			// Spread, so that what is popular does not lie together.
			from := int(popular.Uint64() * 7919 % uint64(len(files)))
			for i := range run {
				if err := j.include(include[:], files[(from+i)%len(files)].Path, buf); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// include searches and reads one header.
func (j *job) include(dirs []string, name string, buf []byte) error {
	for _, dir := range dirs {
		fd, err := unix.Open(j.path(dir+"/"+path.Base(name)), unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
		if err == nil {
			_ = unix.Close(fd) // this tree has one of that name there
		} else if err != unix.ENOENT {
			return fmt.Errorf("open %s in %s: %w", path.Base(name), dir, err)
		}
	}
	var st unix.Stat_t
	if err := unix.Stat(j.path(name), &st); err != nil {
		return fmt.Errorf("stat %s: %w", name, err)
	}
	return j.readFile(name, buf)
}

func (j *job) headers() (files []tree.Entry) {
	for _, e := range tree.Files(j.list, 1) {
		if e.Size < largeSize {
			files = append(files, e)
		}
	}
	return files
}

func (j *job) dirs() (names []string) {
	for _, e := range j.list {
		if e.Type == iofs.ModeDir {
			names = append(names, e.Path)
		}
	}
	return names
}
