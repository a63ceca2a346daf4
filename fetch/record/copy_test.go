package record

import (
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

func TestCopyKey(t *testing.T) {
	pin := fetch.Pin{1, 2}
	if CopyKey(pin, ImagePart, 0) != ImageKey(pin) || CopyKey(pin, ManifestPart, 0) != ManifestKey(pin) {
		t.Error("copy 0 is not the object itself")
	}
	for _, part := range []Part{ImagePart, ManifestPart} {
		for _, n := range []int{0, 1, 10, MaxCopy} {
			key := CopyKey(pin, part, n)
			if p, what, m, err := ParseImageKey(key); p != pin || what != part || m != n || err != nil {
				t.Errorf("ParseImageKey(%s) = %v, %s, %d, %v", key, p, what, m, err)
			}
		}
	}
}

func TestParseImageKeyRefuses(t *testing.T) {
	dir := PinPrefix(fetch.Pin{1})
	for _, key := range []string{
		"", "image", dir, dir + "images", dir + "image-", dir + "image-0", dir + "image-01", dir + "image-1000",
		dir + "image/1", dir + "x/image", ImagesPrefix + "image", strings.ToUpper(dir) + "image", ImagesPrefix + "ab/image", NamesPrefix + "image",
	} {
		if _, _, _, err := ParseImageKey(key); err == nil {
			t.Errorf("ParseImageKey(%q) succeeded", key)
		}
	}
}
