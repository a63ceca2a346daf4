package cache

import (
	"errors"
	"math/bits"

	"golang.org/x/sys/unix"
)

// sweep frees what no record tells of: a record may have been damaged, and what it told of not been
// asked for since. An image that is in use at the moment waits for the next time.
func (f *files) sweep() {
	leaf := f.state.leafSize()
	if leaf == 0 || !f.hasMore(leaf) {
		return
	}
	_ = f.change(leaf, func() error {
		records, err := f.state.all(f.state.segments())
		if err != nil {
			return err
		}
		segment := perSegment * leaf
		for i, r := range records {
			if r.leaves == 0 {
				err = errors.Join(err, punch(f.image, int64(i)*segment, segment))
			}
		}
		info, statErr := f.image.Stat()
		if end := int64(len(records)) * segment; statErr == nil && info.Size() > end {
			err = errors.Join(err, f.image.Truncate(end))
		}
		return errors.Join(err, statErr)
	})
}

// hasMore reports whether the image takes more of the disk than its records tell of.
func (f *files) hasMore(leaf int64) bool {
	records, err := f.state.all(f.state.segments())
	var st unix.Stat_t
	if err != nil || unix.Fstat(int(f.image.Fd()), &st) != nil {
		return false
	}
	known := int64(0)
	for _, r := range records {
		known += int64(bits.OnesCount64(r.leaves)) * leaf
	}
	return st.Blocks*512 >= known+perSegment*leaf
}
