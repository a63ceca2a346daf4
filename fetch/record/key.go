package record

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// reservedPart is the first part of every key that pinfs makes.
const reservedPart = ".pinfs"

// Prefixes of a store's keys. Nothing below the first two is ever overwritten.
const (
	ImagesPrefix  = reservedPart + "/images/"   // + pin + "/image" or "/manifest"
	NamesPrefix   = reservedPart + "/names/"    // + name + "/" + revision + ".json"
	UploadsPrefix = reservedPart + "/uploads/"  // + name + "/" + id + ".json"
	ProbePrefix   = reservedPart + "/probe/"    // + what a probe tries with
	RemovalPrefix = reservedPart + "/removals/" // + pin + "/" + run: whoever is about to remove an image
)

// MaxRevision is the highest revision that fits in a key's eight digits.
const MaxRevision = 99_999_999

// ImageKey is where the bytes of a pinned image lie, unless its record says otherwise.
func ImageKey(pin fetch.Pin) string { return ImagesPrefix + pin.Hex() + "/image" }

// ManifestKey is where its manifest lies.
func ManifestKey(pin fetch.Pin) string { return ImagesPrefix + pin.Hex() + "/manifest" }

// NamePrefix is what the keys of all records of name begin with. So do those of names below it: the
// records of "a/b" lie under NamePrefix("a") too, and ParseRecordKey tells them apart.
func NamePrefix(name Name) string { return NamesPrefix + string(name) + "/" }

// RecordKey is where the record of name at revision (1 to MaxRevision) lies. Keys of one name sort
// by revision.
func RecordKey(name Name, revision int) string {
	return fmt.Sprintf("%s%08d.json", NamePrefix(name), revision)
}

// ParseRecordKey is the inverse of RecordKey. It refuses every key that RecordKey can not have made
// of a valid name and revision.
func ParseRecordKey(key string) (Name, int, error) {
	dir, parts, ok := splitKey(key, NamesPrefix, revisionFile)
	if !ok {
		return "", 0, fmt.Errorf("key %s: want %sNAME/REVISION.json, the revision with 8 digits", quote(key), NamesPrefix)
	}
	name, err := ParseName(dir)
	if err != nil {
		return "", 0, fmt.Errorf("key %s: %w", quote(key), err)
	}
	revision, err := strconv.Atoi(parts[1])
	if err == nil {
		err = checkRevision(revision)
	}
	if err != nil {
		return "", 0, fmt.Errorf("key %s: %w", quote(key), err)
	}
	return name, revision, nil
}

// checkRevision refuses numbers that no record has.
func checkRevision(n int) error {
	if n < 1 || n > MaxRevision {
		return fmt.Errorf("revision %d: want 1 to %d", n, MaxRevision)
	}
	return nil
}

// splitKey takes prefix from key, and file with its groups from the end.
func splitKey(key, prefix string, file *regexp.Regexp) (dir string, groups []string, ok bool) {
	rest, ok := strings.CutPrefix(key, prefix)
	slash := strings.LastIndexByte(rest, '/')
	if !ok || slash < 0 {
		return "", nil, false
	}
	groups = file.FindStringSubmatch(rest[slash+1:])
	return rest[:slash], groups, groups != nil
}

// RemovalKey is where a run says that it is about to remove what nobody names of pin.
func RemovalKey(pin fetch.Pin, run string) string { return RemovalPrefix + pin.Hex() + "/" + run }

// RemovalLease is after how long such a note counts for nothing, by the store's clock.
const RemovalLease = 15 * time.Minute
