package fs

import "slices"

// Lever is one of the things that make a mount fast. Leaving one out shows what it does.
type Lever string

// The levers of this package.
const (
	NoOpens     Lever = "no-opens"    // OPEN, OPENDIR and FLUSH are answered once, with ENOSYS
	Forever     Lever = "forever"     // names and attributes are valid for ever
	Symlinks    Lever = "symlinks"    // the kernel keeps the targets of symbolic links
	ReaddirPlus Lever = "readdirplus" // attributes come with the listing
	Background  Lever = "background"  // many requests that the kernel sends ahead
	LargeReads  Lever = "large-reads" // up to 1 MiB a request
	NoXattrs    Lever = "no-xattrs"   // the kernel is told once that no file has any
)

// Levers are all of them.
var Levers = []Lever{NoOpens, Forever, Symlinks, ReaddirPlus, Background, LargeReads, NoXattrs}

// What there is without them: the kernel's or go-fuse's defaults.
const (
	second     = 1         // for which names and attributes are valid
	background = 12        // requests sent ahead
	smallRead  = 128 << 10 // bytes
)

// has reports whether l is used.
func (c Config) has(l Lever) bool { return !slices.Contains(c.Without, l) }

// either returns with if l is used, and without if not.
func either[T any](c Config, l Lever, with, without T) T {
	if c.has(l) {
		return with
	}
	return without
}
