package squash

import (
	"errors"
	"fmt"
)

// ErrFormat matches every FormatError.
var ErrFormat = errors.New("malformed squashfs")

// FormatError reports bytes that are no valid squashfs, or a kind that is not supported (then it
// matches errors.ErrUnsupported too). It concerns only the file or directory it is found in; the
// rest of the image stays readable. An error of the Source is never turned into one.
type FormatError struct {
	Off  int64  // byte in the image where the structure or the block that holds it begins
	What string // the structure, such as "inode" or "data block"
	Err  error  // what is wrong with it
}

// Error names the structure, its place and what is wrong.
func (e *FormatError) Error() string {
	return fmt.Sprintf("malformed squashfs: %s at byte %d: %v", e.What, e.Off, e.Err)
}

// Is matches ErrFormat.
func (e *FormatError) Is(target error) bool { return target == ErrFormat }

// Unwrap returns what is wrong with the structure.
func (e *FormatError) Unwrap() error { return e.Err }

// malformed makes a FormatError; format and args say what is wrong.
func malformed(off int64, what, format string, args ...any) error {
	return &FormatError{Off: off, What: what, Err: fmt.Errorf(format, args...)}
}
