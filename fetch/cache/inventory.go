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
	path := filepath.Join(d.of(pin), "manifest")
	f, err := os.Open(path)
	var h verify.Head
	if err == nil {
		defer f.Close()
		p := make([]byte, manifest.DescriptorSize+manifest.LeafSize)
		n, _ := f.ReadAt(p, 0) // a short one does not hash to the pin
		h, err = verify.NewHead(pin, p[:n])
	}
	if err != nil {
		return h, fmt.Errorf("%w: %s is not in the cache %s: %w", fetch.ErrNotFound, pin, d.path, err)
	}
	return h, nil
}

// Checked is what Verify found.
type Checked struct {
	Right   int64 `json:"right"`   // leaves
	Damaged int64 `json:"damaged"` // leaves that were wrong and have been dropped
	Unknown int64 `json:"unknown"` // leaves whose hash blocks are not there
}

// Verify reads all leaves of pin that are there, and drops those that are wrong. step, which may be
// nil, is told after each leaf how many bytes it has.
func (d *Dir) Verify(ctx context.Context, pin fetch.Pin, step func(n int64)) (c Checked, err error) {
	m, err := d.Head(pin)
	if err != nil {
		return c, err
	}
	im := d.Image(m.Manifest, nothing{})
	defer im.Close()
	o := m.Object(fetch.Location{URL: d.of(pin)}, im, verify.Config{CacheBytes: 1, RunBytes: 1}) // leaf by leaf
	defer o.Close()
	for segment, r := range d.records(pin) {
		for index := int64(segment) * perSegment; index < min(int64(segment+1)*perSegment, m.Leaves()); index++ {
			if !r.has(index) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return c, err
			}
			off, n := m.LeafRange(index)
			before := im.damaged.Load()
			switch err := o.ReadAt(ctx, make([]byte, n), off); {
			case err == nil:
				c.Right++
			case im.damaged.Load() > before:
				c.Damaged++
			default:
				c.Unknown++
			}
			if step != nil {
				step(int64(n))
			}
		}
	}
	return c, nil
}

// nothing is an Origin that has nothing.
type nothing struct{}

func (nothing) Leaves(_ context.Context, _ int64, n int, _ verify.Above) []verify.Leaf {
	return verify.Failed(n, fetch.ErrNotFound)
}

func (nothing) Node(context.Context, manifest.Node, manifest.HashBlock) (manifest.HashBlock, error) {
	return manifest.HashBlock{}, fetch.ErrNotFound
}
