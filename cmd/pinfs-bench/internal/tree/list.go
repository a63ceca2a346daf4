package tree

import (
	"bufio"
	"encoding/json"
	iofs "io/fs"
	"os"
	"path/filepath"
)

// Entry is one path of a tree.
type Entry struct {
	Path string        `json:"p"` // relative to the root, "." for the root
	Type iofs.FileMode `json:"t"` // type bits only
	Size int64         `json:"s"` // bytes, of a regular file
}

// List lists what is below dir, in the order in which a walk sees it.
func List(dir string) (entries []Entry, err error) {
	err = filepath.WalkDir(dir, func(path string, d iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		e := Entry{Type: d.Type()}
		if e.Path, err = filepath.Rel(dir, path); err != nil {
			return err
		}
		if fi, err := d.Info(); err != nil {
			return err
		} else if e.Type.IsRegular() {
			e.Size = fi.Size()
		}
		entries = append(entries, e)
		return nil
	})
	return entries, err
}

// Files returns the regular files among entries of at least so many bytes.
func Files(entries []Entry, atLeast int64) (files []Entry) {
	for _, e := range entries {
		if e.Type.IsRegular() && e.Size >= atLeast {
			files = append(files, e)
		}
	}
	return files
}

// Save writes entries to a file, for Load.
func Save(name string, entries []Entry) error {
	b, err := json.Marshal(entries)
	if err != nil {
		return err
	}
	return os.WriteFile(name, b, 0o644)
}

// Load reads what Save wrote.
func Load(name string) (entries []Entry, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return entries, json.NewDecoder(bufio.NewReader(f)).Decode(&entries)
}
