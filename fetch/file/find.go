package file

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"

	"github.com/pinfs/pinfs/fetch"
)

// Find splits an absolute path into the store that it lies in and the rest. The store is path
// itself or its nearest ancestor that holds a .pinfs directory; name is empty when it is path
// itself. Without one the error is ErrNotFound and says how to start a store.
func Find(path string) (dir, name string, err error) {
	if !filepath.IsAbs(path) {
		return "", "", fmt.Errorf("%q is not an absolute path: write file:///DIR/NAME", path)
	}
	path = filepath.Clean(path)
	for dir = path; ; dir = filepath.Dir(dir) {
		found, err := isStore(dir)
		if err != nil {
			return "", "", explain("look for a store at", fileURL(dir), err)
		}
		if found {
			name, err = filepath.Rel(dir, path)
			if name == "." {
				name = ""
			}
			return dir, filepath.ToSlash(name), err
		}
		if dir == filepath.Dir(dir) {
			parent := filepath.Dir(path)
			return "", "", fmt.Errorf("%w: no store at or above %s; to start one separate it with a double slash: %s//%s",
				fetch.ErrNotFound, parent, fileURL(parent), filepath.Base(path))
		}
	}
}

func isStore(dir string) (bool, error) {
	info, err := os.Stat(filepath.Join(dir, marker))
	switch {
	case err == nil:
		return info.IsDir(), nil
	case errors.Is(err, iofs.ErrNotExist), isNotDir(err):
		return false, nil
	}
	return false, err
}
