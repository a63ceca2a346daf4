package main

import (
	"slices"
	"strings"

	"github.com/pinfs/pinfs/fs"
	"github.com/pinfs/pinfs/fs/holder"
	"github.com/pinfs/pinfs/squash"
)

// Levers beside those of package fs.
const (
	readAhead   fs.Lever = "read-ahead"   // of the kernel, above its limit for FUSE
	decodeAhead fs.Lever = "decode-ahead" // of who reads in order
	readOnly    fs.Lever = "ro"           // the mount is, so that a listing changes no access time
)

// kernelReadAhead is the kernel's own limit for FUSE, in KiB.
const kernelReadAhead = 128

// levers are what a mount is to do without; only a benchmark wants that.
type levers []fs.Lever

func (l levers) check() error {
	all := slices.Concat(fs.Levers, []fs.Lever{readAhead, decodeAhead, readOnly})
	for _, without := range l {
		if !slices.Contains(all, without) {
			return usage("--without %s: known are %s", without, strings.Join(words(all), ", "))
		}
	}
	return nil
}

func words(list []fs.Lever) (w []string) {
	for _, l := range list {
		w = append(w, string(l))
	}
	return w
}

// spec leaves out what the holder does.
func (l levers) spec(s *holder.Spec) {
	if slices.Contains(l, readAhead) {
		s.ReadAhead = kernelReadAhead
	}
	if slices.Contains(l, readOnly) {
		s.Options = append(s.Options, "rw")
	}
}

// image leaves out what the reader does.
func (l levers) image(cfg *squash.Config) {
	if slices.Contains(l, decodeAhead) {
		cfg.ReadAhead = -1
	}
}
