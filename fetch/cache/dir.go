// Package cache keeps verified leaves of images on disk and verifies them again on every hit.
//
// A directory may be shared by any number of processes of a node. Each image has a directory of its
// own below it, named by the hex digits of its pin:
//
//	image     the leaves, at their offsets; what is not there is a hole
//	manifest  descriptor and hash blocks, at their offsets
//	state     which leaves are there and when they were used last
//
// Nothing in it is believed. A file that is damaged, truncated, unlinked or half written costs a fetch
// and mends itself.
package cache

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	iofs "io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/pinfs/pinfs/fetch"
)

// Config bounds a Dir. The zero value works.
type Config struct {
	Size int64        // bytes on disk, of all images together; default 10 GiB
	Free float64      // part of the file system that stays free, 0 to 1; default 0.05
	Log  *slog.Logger // default slog.Default()
}

const (
	defaultSize = 10 << 30
	defaultFree = 0.05
)

func (c Config) withDefaults() (Config, error) {
	if c.Size == 0 {
		c.Size = defaultSize
	}
	if c.Free == 0 {
		c.Free = defaultFree
	}
	if c.Size < 0 || c.Free < 0 || c.Free >= 1 {
		return c, fmt.Errorf("cache of %d bytes, %v of the disk free: want a size above zero and a part below one", c.Size, c.Free)
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c, nil
}

// Dir is a cache directory; make one with Open. All methods may be called concurrently, also from
// other processes that use the same directory.
type Dir struct {
	path string
	cfg  Config

	written atomic.Int64   // bytes since room was looked for
	tight   atomic.Bool    // no room could be made the last time, which was told
	pruning sync.Mutex     // held by the one who makes room
	running sync.WaitGroup // it, and others who use the disk
}

// Open uses the directory at path for a cache, and makes it if it is not there. Only its owner may
// enter it. A disk that hangs is waited for a little while, here and elsewhere.
func Open(path string, cfg Config) (*Dir, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	path, err = filepath.Abs(path)
	d := &Dir{path: path, cfg: cfg}
	if err == nil {
		_, err = soon(context.Background(), &d.running, func() (nothing, error) { return nothing{}, os.MkdirAll(path, 0o700) })
	}
	if err != nil {
		return nil, fmt.Errorf("cache %s: %w", path, err)
	}
	return d, nil
}

// Close waits until nothing is done on the disk any more, unless that takes long.
func (d *Dir) Close() { ended(&d.running) }

// Size returns how many bytes it may have on disk.
func (d *Dir) Size() int64 { return d.cfg.Size }

// Path returns the directory's absolute path.
func (d *Dir) Path() string { return d.path }

func (d *Dir) of(pin fetch.Pin) string {
	return filepath.Join(d.path, pin.Hex())
}

// pinScheme is what is before the digits in a pin's text.
const pinScheme = "fsverity-sha256:"

// pins returns the images that have a directory.
func (d *Dir) pins() ([]fetch.Pin, error) {
	entries, err := os.ReadDir(d.path)
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, nil
	}
	var pins []fetch.Pin
	for _, e := range entries {
		if _, err := hex.DecodeString(e.Name()); err != nil || !e.IsDir() {
			continue
		}
		if pin, err := fetch.ParsePin(pinScheme + e.Name()); err == nil {
			pins = append(pins, pin)
		}
	}
	return pins, err
}
