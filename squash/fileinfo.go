package squash

import (
	iofs "io/fs"
	"strings"
	"time"
)

// listedEntry is an Entry as an fs.DirEntry.
type listedEntry struct {
	fs *imageFS
	e  Entry
}

func (l *listedEntry) Name() string        { return l.e.Name }
func (l *listedEntry) IsDir() bool         { return l.e.Type == ModeDir }
func (l *listedEntry) Type() iofs.FileMode { return fileMode(l.e.Type).Type() }
func (l *listedEntry) String() string      { return iofs.FormatDirEntry(l) }

func (l *listedEntry) Info() (iofs.FileInfo, error) {
	ino, err := l.fs.m.Inode(l.fs.ctx, l.e.Ref)
	if err != nil {
		return nil, pathError("lstat", l.e.Name, err)
	}
	return newFileInfo(l.e.Name, ino), nil
}

// fileInfo is an Inode under the name it was found by.
type fileInfo struct {
	name string
	ino  *Inode
}

func newFileInfo(name string, ino *Inode) *fileInfo {
	return &fileInfo{name[strings.LastIndexByte(name, '/')+1:], ino}
}

func (i *fileInfo) Name() string        { return i.name }
func (i *fileInfo) Size() int64         { return i.ino.Size }
func (i *fileInfo) Mode() iofs.FileMode { return fileMode(i.ino.Mode) }
func (i *fileInfo) ModTime() time.Time  { return i.ino.Time() }
func (i *fileInfo) IsDir() bool         { return i.ino.IsDir() }
func (i *fileInfo) Sys() any            { return i.ino }
func (i *fileInfo) String() string      { return iofs.FormatFileInfo(i) }

// fileMode translates st_mode.
func fileMode(mode uint32) iofs.FileMode {
	m := iofs.FileMode(mode & 0o777)
	for _, b := range []struct {
		mask, bits uint32
		mode       iofs.FileMode
	}{
		{ModeType, ModeDir, iofs.ModeDir},
		{ModeType, ModeSymlink, iofs.ModeSymlink},
		{ModeType, ModeBlock, iofs.ModeDevice},
		{ModeType, ModeChar, iofs.ModeDevice | iofs.ModeCharDevice},
		{ModeType, ModeFIFO, iofs.ModeNamedPipe},
		{ModeType, ModeSocket, iofs.ModeSocket},
		{0o4000, 0o4000, iofs.ModeSetuid},
		{0o2000, 0o2000, iofs.ModeSetgid},
		{0o1000, 0o1000, iofs.ModeSticky},
	} {
		if mode&b.mask == b.bits {
			m |= b.mode
		}
	}
	return m
}
