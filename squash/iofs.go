package squash

import (
	"context"
	"fmt"
	"io"
	iofs "io/fs"
	"slices"
	"strings"
)

// FS returns the image as an fs.FS whose reads are bound to ctx. It implements fs.ReadDirFS,
// fs.StatFS, fs.ReadLinkFS and fs.ReadFileFS; files implement io.ReaderAt and io.Seeker as well, and
// FileInfo.Sys returns the *Inode. Names may be any bytes, not only UTF-8. Symbolic links are
// followed inside the image; one that leads out of it or is absolute is an error that matches
// fs.ErrInvalid.
func (m *Image) FS(ctx context.Context) iofs.FS { return &imageFS{m, ctx} }

// imageFS is a view for one caller, hence the ctx.
type imageFS struct {
	m   *Image
	ctx context.Context
}

var (
	_ iofs.ReadDirFS  = (*imageFS)(nil)
	_ iofs.StatFS     = (*imageFS)(nil)
	_ iofs.ReadLinkFS = (*imageFS)(nil)
	_ iofs.ReadFileFS = (*imageFS)(nil)
)

// What is taken into memory at once: a few bytes of an image can claim any amount of zeros or names.
const (
	maxReadFile = 1 << 30 // bytes of a file
	maxReadDir  = 1 << 20 // entries of a directory
)

// Open implements fs.FS.
func (f *imageFS) Open(name string) (iofs.File, error) {
	ino, err := f.find("open", name, followLast)
	if err != nil {
		return nil, err
	}
	o := openFile{fs: f, name: name, ino: ino}
	if ino.IsDir() {
		return &openDir{openFile: o}, nil
	}
	return &regularFile{openFile: o}, nil
}

// Stat implements fs.StatFS.
func (f *imageFS) Stat(name string) (iofs.FileInfo, error) {
	ino, err := f.find("stat", name, followLast)
	if err != nil {
		return nil, err
	}
	return newFileInfo(name, ino), nil
}

// Lstat implements fs.ReadLinkFS.
func (f *imageFS) Lstat(name string) (iofs.FileInfo, error) {
	ino, err := f.find("lstat", name, keepLast)
	if err != nil {
		return nil, err
	}
	return newFileInfo(name, ino), nil
}

// ReadLink implements fs.ReadLinkFS.
func (f *imageFS) ReadLink(name string) (string, error) {
	ino, err := f.find("readlink", name, keepLast)
	if err != nil {
		return "", err
	}
	target, err := f.m.Readlink(f.ctx, ino)
	return target, pathError("readlink", name, err)
}

// ReadDir implements fs.ReadDirFS, for directories of up to 1 Mi entries.
func (f *imageFS) ReadDir(name string) ([]iofs.DirEntry, error) {
	ino, err := f.find("readdir", name, followLast)
	if err != nil {
		return nil, err
	}
	list, _, err := f.list(ino, 0, 0)
	slices.SortFunc(list, func(a, b iofs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, pathError("readdir", name, err)
}

// list returns the entries of dir from pos on, at most n of them or, if n is not positive, all, and
// the position behind them.
func (f *imageFS) list(dir *Inode, pos DirPos, n int) (list []iofs.DirEntry, next DirPos, err error) {
	room := n
	if n <= 0 {
		room = maxReadDir + 1
	}
	err = f.m.ReadDir(f.ctx, dir, pos, func(e Entry) bool {
		list, pos = append(list, &listedEntry{f, e}), e.Next
		return len(list) < room
	})
	if err == nil && n <= 0 && len(list) == room {
		err = fmt.Errorf("more than %d entries are too many to list at once, open the directory: %w", maxReadDir, iofs.ErrInvalid)
	}
	return list, pos, err
}

// ReadFile implements fs.ReadFileFS, for files up to 1 GiB.
func (f *imageFS) ReadFile(name string) ([]byte, error) {
	ino, err := f.find("read", name, followLast)
	if err != nil {
		return nil, err
	}
	if ino.Size > maxReadFile {
		return nil, pathError("read", name, fmt.Errorf("%d bytes are too many to read at once, open the file: %w", ino.Size, iofs.ErrInvalid))
	}
	p := make([]byte, ino.Size)
	if _, err := f.m.ReadAt(f.ctx, ino, p, 0); err != nil {
		return nil, pathError("read", name, err)
	}
	return p, nil
}

// pathError adds what was tried on which name; it keeps nil and the end of a file.
func pathError(op, name string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &iofs.PathError{Op: op, Path: name, Err: err}
}
