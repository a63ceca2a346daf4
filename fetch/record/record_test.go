package record

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pinfs/pinfs/fetch"
)

// sample is a valid record with every field set.
func sample() *Record {
	return &Record{
		Schema:    Schema,
		Name:      "PE/größe & <co>.squashfs",
		Revision:  2,
		Pin:       fetch.Pin{1},
		Size:      300,
		SHA256:    strings.Repeat("0a", 32),
		MD5:       strings.Repeat("0b", 16),
		MediaType: "application/vnd.squashfs",
		Class:     Release,
		Created:   time.Date(2025, 3, 1, 12, 30, 15, 0, time.UTC),
		Publisher: "ci@builder1",
		Replaces:  fetch.Pin{2},
		Follows:   1,
		Manifest:  fetch.Location{URL: "s3://b/.pinfs/images/01/manifest", ETag: "e1", Size: 256},
		Locations: []fetch.Location{
			{URL: "s3://b/.pinfs/images/01/image", VersionID: "v1", ETag: "e2", Size: 300},
			{URL: "https://mirror/image", Size: 300},
		},
	}
}

// frozenRecord is what pinfs.record/v1 looks like for ever.
const frozenRecord = `{
  "schema": "pinfs.record/v1",
  "name": "PE/größe & <co>.squashfs",
  "revision": 2,
  "pin": "fsverity-sha256:0100000000000000000000000000000000000000000000000000000000000000",
  "size": 300,
  "sha256": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
  "md5": "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
  "mediaType": "application/vnd.squashfs",
  "class": "release",
  "created": "2025-03-01T12:30:15Z",
  "publisher": "ci@builder1",
  "replaces": "fsverity-sha256:0200000000000000000000000000000000000000000000000000000000000000",
  "follows": 1,
  "manifest": {
    "url": "s3://b/.pinfs/images/01/manifest",
    "etag": "e1",
    "size": 256
  },
  "locations": [
    {
      "url": "s3://b/.pinfs/images/01/image",
      "versionId": "v1",
      "etag": "e2",
      "size": 300
    },
    {
      "url": "https://mirror/image",
      "size": 300
    }
  ]
}
`

func TestFormatFrozen(t *testing.T) {
	r := sample()
	r.Schema = ""
	r.Created = r.Created.In(time.FixedZone("CET", 3600))
	b, err := r.Format()
	if err != nil || string(b) != frozenRecord {
		t.Errorf("Format() = %s, %v, want %s", b, err, frozenRecord)
	}
	if r.Schema != "" {
		t.Error("Format changed its record")
	}
	got, err := Parse([]byte(frozenRecord))
	if err != nil || !reflect.DeepEqual(got, sample()) {
		t.Errorf("Parse(frozen) = %+v, %v, want %+v", got, err, sample())
	}
}

// TestParseTolerates: a later writer may add fields and classes, and leave out what is optional.
func TestParseTolerates(t *testing.T) {
	for _, c := range []struct{ old, replacement string }{
		{`"revision": 2,`, `"revision": 2, "later": {"a": [1, {"b": null}]}, "also": "x",`},
		{`"class": "release"`, `"class": "nightly"`},
		{`"replaces": "fsverity-sha256:02` + strings.Repeat("00", 31) + `",
  "follows": 1,`, ``},
		{`"follows": 1,`, ``},
		{`"2025-03-01T12:30:15Z"`, `"2025-03-01T12:30:15.25+00:00"`},
		{`"etag": "e1",`, ``},
		{"  ", ""},
	} {
		r, err := Parse([]byte(strings.ReplaceAll(frozenRecord, c.old, c.replacement)))
		if err != nil || r.Created.Location() != time.UTC {
			t.Errorf("Parse with %s for %s: %v, %v", c.replacement, c.old, r, err)
		}
	}
}

func TestDisputed(t *testing.T) {
	first, later, silent := Record{Revision: 2}, Record{Revision: 5, Replaces: fetch.Pin{1}, Follows: 3}, Record{Revision: 5, Replaces: fetch.Pin{1}}
	for _, c := range []struct {
		r      Record
		before int
		want   bool
	}{
		{first, 0, false}, {first, 1, true}, {first, 3, false}, {later, 3, false}, {later, 4, true}, {later, 2, false}, {later, 6, false},
		{silent, 4, false},
	} {
		if got := c.r.Disputed(c.before); got != c.want {
			t.Errorf("revision %d that follows %d is disputed by %d: %v, want %v", c.r.Revision, c.r.Follows, c.before, got, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ old, replacement, reason string }{
		{`record/v1`, `record/v2`, "schema"},
		{`"follows": 1`, `"follows": 2`, "follows"},
		{`"follows": 1`, `"follows": -1`, "follows"},
		{`"schema": "pinfs.record/v1",`, ``, "schema"},
		{`"PE/größe`, `"PE/../größe`, `".."`},
		{`"revision": 2`, `"revision": 0`, "revision 0"},
		{`"revision": 2`, `"revision": 100000000`, "revision 100000000"},
		{`"revision": 2`, `"revision": "2"`, "revision"},
		{`"revision": 2`, `"revision": 2.5`, "revision"},
		{`"pin": "fsverity-sha256:01`, `"pin": "fsverity-sha256:0`, "pin"},
		{`"pin": "fsverity-sha256:01`, `"pin": "fsverity-sha256:00`, "no pin"},
		{`"pin": "fsverity-sha256:01`, `"pin": "sha256:01`, "pin"},
		{`"replaces": "fsverity-sha256:02`, `"replaces": "fsverity-sha256:XX`, "pin"},
		{`"size": 300,`, `"size": -1,`, "negative"},
		{`"size": 300,`, `"size": 301,`, "location 0: size 300"},
		{`"size": 300,`, `"size": 9223372036854775808,`, "size"},
		{`"sha256": "0a`, `"sha256": "0A`, "sha256"},
		{`"sha256": "0a`, `"sha256": "`, "sha256"},
		{`"md5": "0b`, `"md5": "`, "md5"},
		{`application/vnd.squashfs`, `squashfs`, "mediaType"},
		{`"class": "release"`, `"class": ""`, "class"},
		{`"class": "release"`, `"class": "Release!"`, "class"},
		{`"class": "release"`, `"class": "scratch"`, "scratch/"},
		{`"name": "PE/`, `"name": "scratch/`, "scratch/"},
		{`12:30:15Z`, `12:30:15+01:00`, "UTC"},
		{`2025-03-01T12:30:15Z`, `yesterday`, "yesterday"},
		{`"created": "2025-03-01T12:30:15Z",`, ``, "created"},
		{`ci@builder1`, ``, "no publisher"},
		{`ci@builder1`, `ci\u001b[31m`, "U+001B"},
		{`"size": 256`, `"size": 255`, "manifest"},
		{`s3://b/.pinfs/images/01/manifest`, `manifest`, "manifest: url"},
		{`https://mirror/image`, `://x`, "location 1: url"},
		{`"etag": "e2"`, `"etag": "e\n2"`, "U+000A"},
		{`"locations": [`, `"locations": [], "was": [`, "no location"},
		{`"revision": 2`, `"revision": 2, "revision": 2`, "given twice"},
		{`"revision": 2`, `"revision": 2, "Revision": 2`, "given twice"},
		{`"revision": 2`, `"revision": 2, "revi\u017fion": 2`, "given twice"},
		{`"etag": "e2"`, `"etag": "e2", "etag": "e3"`, "given twice"},
		{"]\n}\n", "]}{}", "follows"},
		{"]\n}\n", "]", ""},
		{"größe", "gr\xff\xffe", "UTF-8"},
		{`"revision": 2`, `"revision": 2, "deep": ` + strings.Repeat("[", 20) + strings.Repeat("]", 20), "nested"},
		{frozenRecord, "", ""},
		{frozenRecord, "null", "schema"},
		{frozenRecord, "[]", ""},
		{frozenRecord, strings.Repeat(" ", MaxSize+1), "more than"},
	} {
		in := strings.Replace(frozenRecord, c.old, c.replacement, 1)
		if in == frozenRecord {
			t.Fatalf("%s is not in the record", c.old)
		}
		if r, err := Parse([]byte(in)); err == nil || r != nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("Parse with %.60q for %.60q: %v, want ...%s", c.replacement, c.old, err, c.reason)
		}
	}
}

func TestFormatRefuses(t *testing.T) {
	for what, spoil := range map[string]func(*Record){
		"schema":   func(r *Record) { r.Schema = "x" },
		"name":     func(r *Record) { r.Name = "a//b" },
		"revision": func(r *Record) { r.Revision = 0 },
		"location": func(r *Record) { r.Locations[1].Size++ },
		"created":  func(r *Record) { r.Created = time.Time{} },
		"1048576":  func(r *Record) { r.Publisher = strings.Repeat("x", MaxSize) },
	} {
		r := sample()
		spoil(r)
		if b, err := r.Format(); err == nil || b != nil || !strings.Contains(err.Error(), what) {
			t.Errorf("Format of a record with a bad %s: %v", what, err)
		}
	}
}

func TestParseAt(t *testing.T) {
	r := sample()
	if got, err := ParseAt(r.Key(), []byte(frozenRecord)); err != nil || got.Name != r.Name {
		t.Errorf("ParseAt(its own key) = %v, %v", got, err)
	}
	for _, key := range []string{RecordKey(r.Name, 3), RecordKey("other", 2), "elsewhere", ImageKey(r.Pin)} {
		if got, err := ParseAt(key, []byte(frozenRecord)); err == nil || got != nil {
			t.Errorf("ParseAt(%q) of the record of %q: no error", key, r.Key())
		}
	}
	if _, err := ParseAt(r.Key(), []byte("{}")); err == nil || !strings.Contains(err.Error(), "00000002.json") {
		t.Errorf("ParseAt(rubbish) = %v, want the key in it", err)
	}
}

func TestParseClass(t *testing.T) {
	for s, want := range map[string]Class{"": Release, "release": Release, "scratch": Scratch} {
		if got, err := ParseClass(s); err != nil || got != want {
			t.Errorf("ParseClass(%q) = %q, %v, want %q", s, got, err, want)
		}
	}
	if _, err := ParseClass("nightly"); err == nil {
		t.Error(`ParseClass("nightly"): no error`)
	}
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := sample()
		r.Name = Name(rapid.StringMatching(`PE/[a-zä&<>"' ]{1,40}`).Draw(t, "name"))
		r.Revision = rapid.IntRange(1, MaxRevision).Draw(t, "revision")
		r.Size = rapid.Int64Range(0, 1<<62).Draw(t, "size")
		r.Created = time.Unix(rapid.Int64Range(0, 1<<36).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
		copy(r.Replaces[:], rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, "replaces"))
		r.Follows = rapid.IntRange(0, r.Revision-1).Draw(t, "follows")
		if r.Replaces.IsZero() {
			r.Follows = 0
		}
		r.Locations = r.Locations[:rapid.IntRange(1, 2).Draw(t, "locations")]
		for i := range r.Locations {
			r.Locations[i].Size = r.Size
		}
		b, err := r.Format()
		if err != nil {
			t.Fatalf("Format(%+v): %v", r, err)
		}
		if got, err := Parse(b); err != nil || !reflect.DeepEqual(got, r) {
			t.Fatalf("Parse(%s) = %+v, %v, want %+v", b, got, err, r)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(frozenRecord))
	f.Add([]byte(`{"schema":"pinfs.record/v1","a":[{}],"a":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err != nil {
			return
		}
		out, err := r.Format()
		if err != nil {
			t.Fatalf("Format of what Parse took from %s: %v", b, err)
		}
		again, err := Parse(out)
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("Parse(%s) = %+v, %v, want %+v", out, again, err, r)
		}
		if twice, err := again.Format(); err != nil || !bytes.Equal(twice, out) || !json.Valid(out) {
			t.Fatalf("Format is not canonical: %s, then %s, %v", out, twice, err)
		}
	})
}
