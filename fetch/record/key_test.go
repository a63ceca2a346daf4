package record

import (
	"slices"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

func TestKeys(t *testing.T) {
	pin := fetch.Pin{0xab, 31: 0x12}
	hex := "ab" + strings.Repeat("00", 30) + "12"
	for _, c := range []struct{ got, want string }{
		{ImageKey(pin), ".pinfs/images/" + hex + "/image"},
		{ManifestKey(pin), ".pinfs/images/" + hex + "/manifest"},
		{NamePrefix("PE/a"), ".pinfs/names/PE/a/"},
		{RecordKey("PE/a", 1), ".pinfs/names/PE/a/00000001.json"},
		{RecordKey("a", MaxRevision), ".pinfs/names/a/99999999.json"},
	} {
		if c.got != c.want {
			t.Errorf("key %q, want %q", c.got, c.want)
		}
	}
	if keys := []string{RecordKey("a", 9), RecordKey("a", 10), RecordKey("a", 100)}; !slices.IsSorted(keys) {
		t.Errorf("keys %q are not in the order of their revisions", keys)
	}
}

func TestParseRecordKeyRefuses(t *testing.T) {
	for _, key := range []string{
		"", "a/00000001.json", ".pinfs/names/", ".pinfs/names/00000001.json", ".pinfs/names//00000001.json",
		".pinfs/names/a/1.json", ".pinfs/names/a/000000001.json", ".pinfs/names/a/00000000.json",
		".pinfs/names/a/00000001.jsonx", ".pinfs/names/a/0000000x.json", ".pinfs/names/a/-0000001.json",
		".pinfs/names/a/00000001.json/", ".pinfs/names/a/../b/00000001.json", ".pinfs/names/a@b/00000001.json",
		".pinfs/names/a/00000001.json/00000001.json", ".pinfs/uploads/a/00000001.json",
	} {
		if name, n, err := ParseRecordKey(key); err == nil {
			t.Errorf("ParseRecordKey(%q) = %q, %d, want an error", key, name, n)
		}
	}
}

func FuzzParseRecordKey(f *testing.F) {
	f.Add(RecordKey("PE/a", 1))
	f.Add(".pinfs/names/a/00000000.json")
	f.Fuzz(func(t *testing.T, key string) {
		name, revision, err := ParseRecordKey(key)
		if err == nil && RecordKey(name, revision) != key {
			t.Errorf("RecordKey(%q, %d) = %q, want %q", name, revision, RecordKey(name, revision), key)
		}
	})
}
