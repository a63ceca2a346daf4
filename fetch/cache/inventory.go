package cache

import (
	"context"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/manifest"
	"github.com/pinfs/pinfs/fetch/verify"
)

// Info is what a cache has of one image.
type Info struct {
	Pin    fetch.Pin `json:"pin"`
	Size   int64     `json:"size"`   // bytes of the image; 0 if its manifest is not there
	Disk   int64     `json:"disk"`   // bytes that it takes
	Leaves int64     `json:"leaves"` // that are there
	All    int64     `json:"all"`    // leaves of the image
	Used   time.Time `json:"used"`   // the last time, to the minute
}

// Complete reports whether every leaf is there.
func (i Info) Complete() bool { return i.Size > 0 && i.Leaves == i.All }

// Images returns what there is, in no particular order.
func (d *Dir) Images() ([]Info, error) {
	pins, err := d.pins()
	if err != nil {
		return nil, err
	}
	list := []Info{}
	for _, pin := range pins {
		list = append(list, d.Info(pin))
	}
	return list, nil
}

// Info returns what there is of pin, which may be nothing.
func (d *Dir) Info(pin fetch.Pin) Info {
	i := Info{Pin: pin}
	for _, name := range []string{"image", "manifest", "state"} {
		i.Disk += onDisk(filepath.Join(d.of(pin), name))
	}
	if m, err := d.Head(pin); err == nil {
		i.Size, i.All = m.Size(), m.Leaves()
	}
	for _, r := range d.records(pin) {
		i.Leaves += int64(bits.OnesCount64(r.leaves))
		if used := time.Unix(r.used, 0); r.leaves != 0 && used.After(i.Used) {
			i.Used = used
		}
	}
	return i
}

// There returns how many leaves of the image are there, 0 if the disk does not tell soon.
func (im *Image) There() int64 {
	n, _ := within(context.Background(), im, func() (n int64, err error) {
		for _, r := range im.dir.records(im.m.Pin()) {
			n += int64(bits.OnesCount64(r.leaves))
		}
		return n, nil
	})
	return n
}

func (d *Dir) records(pin fetch.Pin) []record {
	f, err := openFiles(d.of(pin), pin, false)
	if err != nil {
		return nil
	}
	defer f.close()
	records, err := f.state.all(f.state.segments())
	if err != nil {
		return nil
	}
	return records
}

// Head returns the head of the manifest of pin if it is there; an error matching fetch.ErrNotFound if
// it is not.
func (d *Dir) Head(pin fetch.Pin) (verify.Head, error) {
	h, err := soon(context.Background(), &d.running, func() (verify.Head, error) { return d.head(pin) })
	if err != nil {
		return h, fmt.Errorf("%w: %s is not in the cache %s: %w", fetch.ErrNotFound, pin, d.path, err)
	}
	return h, nil
}

func (d *Dir) head(pin fetch.Pin) (verify.Head, error) {
	f, err := os.Open(filepath.Join(d.of(pin), "manifest"))
	if err != nil {
		return verify.Head{}, err
	}
	defer f.Close()
	p := make([]byte, manifest.DescriptorSize+manifest.LeafSize)
	n, _ := f.ReadAt(p, 0) // a short one does not hash to the pin
	return verify.NewHead(pin, p[:n])
}
