package record

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/pinfs/pinfs/fetch"
)

// Part is one of the two objects of a pin.
type Part string

// The parts.
const (
	ImagePart    Part = "image"
	ManifestPart Part = "manifest"
)

// MaxCopy is the highest number of a copy.
const MaxCopy = 999

// partFile is the last part of an object's key.
var partFile = regexp.MustCompile(`^(image|manifest)(?:-([1-9][0-9]{0,2}))?$`)

// CopyKey is where copy n of a part lies: a copy is what was put beside an object that turned out
// damaged, since nothing is overwritten. Copy 0 is the object itself.
func CopyKey(pin fetch.Pin, part Part, n int) string {
	key := PinPrefix(pin) + string(part)
	if n == 0 {
		return key
	}
	return fmt.Sprintf("%s-%d", key, n)
}

// PinPrefix is what the keys of all objects of pin begin with.
func PinPrefix(pin fetch.Pin) string { return ImagesPrefix + pin.Hex() + "/" }

// ParseImageKey reads what CopyKey, ImageKey or ManifestKey wrote.
func ParseImageKey(key string) (pin fetch.Pin, part Part, n int, err error) {
	dir, parts, ok := splitKey(key, ImagesPrefix, partFile)
	if ok {
		pin, err = fetch.ParsePinHex(dir)
	}
	if !ok || err != nil {
		return fetch.Pin{}, "", 0, fmt.Errorf("key %s: want %sPIN/image or manifest, perhaps with -NUMBER", quote(key), ImagesPrefix)
	}
	n, _ = strconv.Atoi(parts[2]) // up to three digits, or none
	return pin, Part(parts[1]), n, nil
}
