package record

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseName(t *testing.T) {
	for _, s := range []string{
		"a", "image.squashfs", "PE/CPE-base.x86_64-25.03.squashfs", "scratch/x", "a b/c d", "...", ".hidden", "x/.pinfs",
		"größe/Ünïcode", "gro\u0308ße", "日本/語", "00000001.jsonx", "1.json", "a%2Fb", "a?b#c",
		strings.Repeat("x", 255), strings.Repeat(strings.Repeat("x", 99)+"/", 8) + strings.Repeat("y", 100),
	} {
		if got, err := ParseName(s); err != nil || string(got) != s {
			t.Errorf("ParseName(%q) = %q, %v, want it as given", s, got, err)
		}
	}
}

func TestParseNameRefuses(t *testing.T) {
	for _, c := range []struct{ name, reason string }{
		{"", "empty"},
		{"/a", "empty part"},
		{"a/", "empty part"},
		{"a//b", "empty part"},
		{".", `"."`},
		{"a/../b", `".."`},
		{"a/./b", `"."`},
		{"a\x00b", "U+0000"},
		{"a\nb", "U+000A"},
		{"a\x7fb", "U+007F"},
		{"a\u0085b", "U+0085"},
		{"a\u2028b", "U+2028"},
		{"a\u2029b", "U+2029"},
		{"a\u202egpj.exe", "U+202E"},
		{"a\xffb", "UTF-8"},
		{"a@b", `"@"`},
		{`a\b`, "backslash"},
		{".pinfs/x", "keeps its own"},
		{".pinfs", "keeps its own"},
		{"a/00000001.json", "looks like a record"},
		{"12345678.json/a", "looks like a record"},
		{strings.Repeat("x", 256), "256 bytes"},
		{strings.Repeat("ä", 128), "256 bytes"},
		{strings.Repeat("x/", 450) + "y", "901 bytes"},
	} {
		got, err := ParseName(c.name)
		if err == nil || got != "" || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("ParseName(%q) = %q, %v, want ...%s", c.name, got, err, c.reason)
			continue
		}
		if strings.ContainsAny(err.Error(), "\n\x00") || !utf8.ValidString(err.Error()) {
			t.Errorf("ParseName(%q): error %q is not one plain line", c.name, err)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"a/b", "..", "a@b", "x/00000001.json", "\u202e", ".pinfs/a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := ParseName(s)
		if err != nil {
			return
		}
		for _, revision := range []int{1, MaxRevision} {
			key := RecordKey(name, revision)
			got, n, err := ParseRecordKey(key)
			if err != nil || got != name || n != revision || len(key) > 1024 {
				t.Errorf("ParseRecordKey(%q) = %q, %d, %v", key, got, n, err)
			}
		}
		for _, ref := range []string{"s3://bucket/" + s, "file:///dir//" + s} {
			if r, err := ParseReference(ref); err != nil || r.Name != name {
				t.Errorf("ParseReference(%q) = %+v, %v", ref, r, err)
			}
		}
	})
}
