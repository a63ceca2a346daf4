package record

import (
	"fmt"
	"strings"

	"github.com/pinfs/pinfs/fetch"
)

// Reference is what a person writes to say which image: STORE/NAME, STORE/NAME@PIN or STORE@PIN.
//
// A store is s3://BUCKET or file:///DIR. Where a directory ends and a name begins is plain only in
// file:///DIR//NAME; file:///DIR/NAME needs a look at the directories: Path is set then, Store and
// Name are empty, and whoever can look replaces Path by them. A reference is comparable.
type Reference struct {
	Store string    // "s3://bucket" or "file:///dir", no slash at its end; "" if Path is set
	Path  string    // absolute path of a directory or of directory and name; "" if Store is set
	Name  Name      // "" if none was given
	Pin   fetch.Pin // zero if none was given
}

// ParseReference reads a reference to an image: it has a name (or a Path, which may hide one) or a
// pin. Nothing is decoded or cleaned: a URL is taken letter by letter. The error is for the person
// who wrote s and says what to write instead.
func ParseReference(s string) (Reference, error) {
	rest, pin, err := cutPin(s)
	if err != nil {
		return Reference{}, fmt.Errorf("reference %s: %w", quote(s), err)
	}
	r, err := parseStore(rest)
	if err != nil {
		return Reference{}, fmt.Errorf("reference %s: %w", quote(s), err)
	}
	r.Pin = pin
	if r.Path == "" && r.Name == "" && pin.IsZero() {
		return Reference{}, fmt.Errorf("reference %s: it names no image; write %s/NAME or %s@PIN", quote(s), r.Store, r.Store)
	}
	return r, nil
}

// ParsePrefix reads STORE or STORE/PREFIX, which stand for a whole store or for the name PREFIX and
// all names below it: what can be listed. Name is the prefix, "" for all. A slash at the end changes
// nothing.
func ParsePrefix(s string) (Reference, error) {
	r, err := parseStore(trimSlash(s))
	if err != nil {
		return Reference{}, fmt.Errorf("store %s: %w", quote(s), err)
	}
	return r, nil
}

// trimSlash removes the slash that people leave after a directory, but none of file:///DIR//.
func trimSlash(s string) string {
	if strings.HasSuffix(s, "//") {
		return s
	}
	return strings.TrimSuffix(s, "/")
}

// cutPin splits s at its last '@'. One that a slash follows belongs to a directory of a file URL.
func cutPin(s string) (rest string, pin fetch.Pin, err error) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || strings.Contains(s[at:], "/") {
		return s, fetch.Pin{}, nil
	}
	pin, err = fetch.ParsePin(s[at+1:])
	if err == nil && pin.IsZero() {
		err = fmt.Errorf("pin %s is no digest; run `pinfs pin FILE`", pin)
	}
	if err != nil {
		return "", fetch.Pin{}, fmt.Errorf("after @ comes a whole pin: %w", err)
	}
	return s[:at], pin, nil
}

// String writes the reference as ParseReference or ParsePrefix reads it.
func (r Reference) String() string {
	s := r.Store
	switch {
	case r.Path != "":
		s = fileScheme + r.Path
	case strings.HasPrefix(s, fileScheme):
		s += "//" + string(r.Name)
	case r.Name != "":
		s += "/" + string(r.Name)
	}
	if r.Pin.IsZero() {
		return s
	}
	return s + "@" + r.Pin.String()
}
