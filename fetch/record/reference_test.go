package record

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pinfs/pinfs/fetch"
)

var somePin = fetch.Pin{0xfe, 31: 1}

func TestParseReference(t *testing.T) {
	at := "@" + somePin.String()
	for _, c := range []struct {
		in   string
		want Reference
	}{
		{"s3://boot-images/PE/a.squashfs", Reference{Store: "s3://boot-images", Name: "PE/a.squashfs"}},
		{"s3://boot-images/PE/a.squashfs" + at, Reference{Store: "s3://boot-images", Name: "PE/a.squashfs", Pin: somePin}},
		{"s3://boot-images" + at, Reference{Store: "s3://boot-images", Pin: somePin}},
		{"s3://a.b-3/ü%20?x", Reference{Store: "s3://a.b-3", Name: "ü%20?x"}},
		{"file:///srv/store//PE/a", Reference{Store: "file:///srv/store", Name: "PE/a"}},
		{"file:///srv/store//PE/a" + at, Reference{Store: "file:///srv/store", Name: "PE/a", Pin: somePin}},
		{"file:///srv/store//" + at, Reference{Store: "file:///srv/store", Pin: somePin}},
		{"file:///srv/store/PE/a", Reference{Path: "/srv/store/PE/a"}},
		{"file:///srv/store" + at, Reference{Path: "/srv/store", Pin: somePin}},
		{"file:///home/u@site/store//a", Reference{Store: "file:///home/u@site/store", Name: "a"}},
		{"file:///home/u@site/a" + at, Reference{Path: "/home/u@site/a", Pin: somePin}},
		{"file:///with space/%41//a", Reference{Store: "file:///with space/%41", Name: "a"}},
	} {
		got, err := ParseReference(c.in)
		if err != nil || got != c.want {
			t.Errorf("ParseReference(%q) = %+v, %v, want %+v", c.in, got, err, c.want)
		}
		if got.String() != c.in {
			t.Errorf("ParseReference(%q).String() = %q", c.in, got)
		}
	}
}

func TestParseReferenceRefuses(t *testing.T) {
	for _, c := range []struct{ in, reason string }{
		{"", "s3://BUCKET/NAME"},
		{"x.squashfs", "s3://BUCKET/NAME"},
		{"./x.squashfs", "file:///DIR//NAME"},
		{"/srv/store/a", `write "file:///srv/store/a"`},
		{"/srv/\n", `\n`},
		{"http://host/a", `scheme "http"`},
		{"S3://bucket/a", `scheme "S3"`},
		{"s3:/bucket/a", "s3://BUCKET/NAME"},
		{"s3://", "bucket"},
		{"s3:///a", "bucket"},
		{"s3://ab/a", "3 to 63"},
		{"s3://" + strings.Repeat("b", 64) + "/a", "3 to 63"},
		{"s3://Bucket/a", "lower-case"},
		{"s3://my_bucket/a", "lower-case"},
		{"s3://bu..cket/a", "bucket"},
		{"s3://-bucket/a", "bucket"},
		{"s3://bucket", "s3://bucket/NAME or s3://bucket@PIN"},
		{"s3://bucket/", "empty"},
		{"s3://bucket//a", "empty part"},
		{"s3://bucket/.pinfs/names", "keeps its own"},
		{"s3://bucket/a@", "whole pin"},
		{"s3://bucket/a@b", "whole pin"},
		{"s3://bucket/a@fsverity-sha256:12", "whole pin"},
		{"s3://bucket/a@" + strings.Repeat("0", 64), "whole pin"},
		{"s3://bucket/a@fsverity-sha256:" + strings.Repeat("0", 64), "no digest"},
		{"s3://bucket/a@b@" + somePin.String(), `"@" is not allowed`},
		{"s3://bucket/a@b/c", `"@" is not allowed`},
		{"file://", "absolute path"},
		{"file://host/dir//a", "absolute path"},
		{"file:///", "empty part"},
		{"file:////a", "below /"},
		{"file:///dir/", "empty part"},
		{"file:///dir/../x", `".."`},
		{"file:///dir//a//b", "empty part"},
		{"file:///dir///a", "empty part"},
		{"file:///dir//", "names no image"},
		{"file:///dir\x1b//a", "U+001B"},
		{"file:///dir/a@b@" + somePin.String(), "can not be told"},
	} {
		got, err := ParseReference(c.in)
		if err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("ParseReference(%q) = %+v, %v, want ...%s", c.in, got, err, c.reason)
			continue
		}
		if strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("ParseReference(%q): error %q is not one plain line", c.in, err)
		}
	}
}

func TestParsePrefix(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Reference
	}{
		{"s3://bucket", Reference{Store: "s3://bucket"}},
		{"s3://bucket/", Reference{Store: "s3://bucket"}},
		{"s3://bucket/PE", Reference{Store: "s3://bucket", Name: "PE"}},
		{"s3://bucket/PE/", Reference{Store: "s3://bucket", Name: "PE"}},
		{"file:///dir", Reference{Path: "/dir"}},
		{"file:///dir/", Reference{Path: "/dir"}},
		{"file:///dir//", Reference{Store: "file:///dir"}},
		{"file:///dir//PE/", Reference{Store: "file:///dir", Name: "PE"}},
	} {
		got, err := ParsePrefix(c.in)
		if err != nil || got != c.want {
			t.Errorf("ParsePrefix(%q) = %+v, %v, want %+v", c.in, got, err, c.want)
		}
		if again, err := ParsePrefix(got.String()); err != nil || again != got {
			t.Errorf("ParsePrefix(%q) = %+v, %v, want %+v", got, again, err, got)
		}
	}
	for _, in := range []string{"", "bucket", "s3://", "s3://b", "s3://bucket//", "s3://bucket/a@b", "file:///", "file://dir",
		"s3://bucket@" + somePin.String()} {
		if got, err := ParsePrefix(in); err == nil {
			t.Errorf("ParsePrefix(%q) = %+v, want an error", in, got)
		}
	}
}

func TestReferenceRoundTrip(t *testing.T) {
	part := rapid.StringMatching(`[a-z0-9._ ü%?-]{1,20}`).Filter(func(s string) bool { return s != "." && s != ".." })
	path := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(part, 1, 4).Draw(t, "parts"), "/")
	})
	rapid.Check(t, func(t *rapid.T) {
		var r Reference
		copy(r.Pin[:], rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, "pin"))
		switch rapid.IntRange(0, 2).Draw(t, "form") {
		case 0:
			r.Store = "s3://" + rapid.StringMatching(`[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]`).Draw(t, "bucket")
			r.Name = Name(path.Draw(t, "name"))
		case 1:
			r.Store = "file:///" + path.Draw(t, "dir")
			r.Name = Name(path.Draw(t, "name"))
		case 2:
			r.Path = "/" + path.Draw(t, "path")
		}
		if got, err := ParseReference(r.String()); err != nil || got != r {
			t.Fatalf("ParseReference(%q) = %+v, %v, want %+v", r, got, err, r)
		}
	})
}

func FuzzParseReference(f *testing.F) {
	for _, s := range []string{"s3://bucket/a", "file:///d//n@" + somePin.String(), "file:///d/n", "x@y", "s3://bucket@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := ParseReference(s); err == nil && r.String() != s {
			t.Errorf("ParseReference(%q).String() = %q", s, r)
		}
		if r, err := ParsePrefix(s); err == nil {
			if again, err := ParsePrefix(r.String()); err != nil || again != r {
				t.Errorf("ParsePrefix(%q) = %+v, %v, want %+v", r, again, err, r)
			}
		}
	})
}
