package record

import (
	"fmt"
	"regexp"
	"strings"
)

// Class says what a name is for. It is policy for publishers (scratch never replaces another class);
// a reader goes by the pin alone and accepts classes of later versions.
type Class string

// The classes that a publisher can choose.
const (
	Release Class = "release"
	Scratch Class = "scratch" // investigations and trials; their names lie under scratch/
)

// scratchDir holds all scratch names and no others, so that a bucket policy can tell them apart.
const scratchDir = "scratch/"

// ParseClass reads what a publisher asks for; "" is Release.
func ParseClass(s string) (Class, error) {
	switch c := Class(s); c {
	case "":
		return Release, nil
	case Release, Scratch:
		return c, nil
	}
	return "", fmt.Errorf("class %s: want %s or %s", quote(s), Release, Scratch)
}

// classWord is the form that every class has, now and later.
var classWord = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// validate checks the class of a record of name.
func (c Class) validate(name Name) error {
	if !classWord.MatchString(string(c)) {
		return fmt.Errorf("class %s: want a lower-case word such as %s", quote(string(c)), Release)
	}
	if under := strings.HasPrefix(string(name), scratchDir); under != (c == Scratch) {
		return fmt.Errorf("class %s for name %s: names under %s, and only those, have class %s",
			c, quote(string(name)), scratchDir, Scratch)
	}
	return nil
}
