// Package record is how people and machines name a pinned image: names, the records that bind a name
// to a pin, the keys under which a store keeps them, and references on the command line. It parses,
// formats and validates; it does no I/O.
package record

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a name, in bytes: a part is also a file name in a file:// store, and the longest key
// made of a name must fit in the 1024 bytes of an S3 key.
const (
	MaxNameSize = 900
	MaxPartSize = 255
)

// Name is a path-like human name such as "PE/CPE-base.x86_64-25.03.squashfs". ParseName says what is
// one; Unicode is kept as given, so two spellings of one letter are two names.
type Name string

// ParseName checks that s can be a name: parts separated by single slashes, none of them empty, "."
// or "..", each at most 255 bytes and all together at most 900; valid UTF-8 without control
// characters, line or paragraph separators and bidirectional controls (the name would show as another
// one); no '@', which begins the pin of a reference; no backslash, which shells and other tools
// change. The first part is not ".pinfs" and no part looks like a record's file, eight digits and
// ".json". The error says which rule was broken and what to do.
func ParseName(s string) (Name, error) {
	if err := checkName(s); err != nil {
		return "", fmt.Errorf("name %s: %w", quote(s), err)
	}
	return Name(s), nil
}

// checkName returns the first rule that s breaks.
func checkName(s string) error {
	if s == "" {
		return fmt.Errorf("it is empty; write something like PE/image.squashfs")
	}
	if len(s) > MaxNameSize {
		return fmt.Errorf("%d bytes, at most %d are allowed; shorten it", len(s), MaxNameSize)
	}
	if err := checkCharacters(s); err != nil {
		return err
	}
	parts := strings.Split(s, "/")
	if parts[0] == reservedPart {
		return fmt.Errorf("%s/ is where pinfs keeps its own objects; begin it otherwise", reservedPart)
	}
	for _, part := range parts {
		if err := checkPart(part); err != nil {
			return err
		}
	}
	return nil
}

// checkCharacters refuses what no part of a name may contain.
func checkCharacters(s string) error {
	if err := checkPrintable(s); err != nil {
		return err
	}
	if strings.Contains(s, `\`) {
		return fmt.Errorf(`a backslash is not allowed; separate parts with "/"`)
	}
	if strings.Contains(s, "@") {
		return fmt.Errorf(`"@" is not allowed, it separates a name from its pin; leave it out`)
	}
	return nil
}

// checkPrintable refuses text that a terminal or a log would not show as it is.
func checkPrintable(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("it is not valid UTF-8; write it in UTF-8")
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return fmt.Errorf("the control character %U is not allowed; remove it", r)
		}
	}
	return nil
}

// revisionFile matches what RecordKey appends to a name.
var revisionFile = regexp.MustCompile(`^([0-9]{8})\.json$`)

// checkPart refuses what is not one step of a path.
func checkPart(part string) error {
	switch {
	case part == "":
		return fmt.Errorf(`it has an empty part; remove the "/" at its beginning or end and any double one`)
	case part == "." || part == "..":
		return fmt.Errorf("the part %q is not allowed; write the name without it", part)
	case len(part) > MaxPartSize:
		return fmt.Errorf("the part %s has %d bytes, at most %d are allowed; shorten it", quote(part), len(part), MaxPartSize)
	case revisionFile.MatchString(part):
		return fmt.Errorf("the part %q looks like a record (8 digits and .json); choose another one", part)
	case intentFile.MatchString(part):
		return fmt.Errorf("the part %q looks like an upload in progress; choose another one", part)
	}
	return nil
}

// quote shows s on one line, cut when it is very long.
func quote(s string) string {
	const most = 80
	if len(s) <= most {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q...", s[:most])
}
