package ims

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// wild is put together from what is seen in the wild.
const wild = `{"version":"1.0","created":1700000000,"artifacts":[
	{"link":{"path":"s3://boot-images/ID/rootfs","etag":"\"6d04e0b0\"","type":"s3"},"md5":"D41D8CD98F00B204E9800998ECF8427E","type":"application/vnd.cray.image.rootfs.squashfs"},
	{"link":{"path":"s3://boot-images/ID/kernel","etag":null,"type":"s3"},"md5":"00","type":"application/vnd.cray.image.kernel","more":{}},
	{"link":{"path":"s3://boot-images/ID/initrd","type":"s3"},"md5":"01","type":"application/vnd.cray.image.initrd"}]}`

func TestParse(t *testing.T) {
	got, err := Parse([]byte(wild))
	want := []Artifact{
		{"s3://boot-images/ID/rootfs", "6d04e0b0", "d41d8cd98f00b204e9800998ecf8427e", RootFS},
		{"s3://boot-images/ID/kernel", "", "00", "application/vnd.cray.image.kernel"},
		{"s3://boot-images/ID/initrd", "", "01", "application/vnd.cray.image.initrd"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Parse = %+v, %v, want %+v", got, err, want)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "[]", "{}", `{"version":"2.0","artifacts":[]}`, wild[:200], `{"version":"1.0","artifacts":3}`, strings.Repeat(" ", MaxSize+1)} {
		if got, err := Parse([]byte(s)); !errors.Is(err, fetch.ErrMalformed) {
			t.Errorf("Parse(%.40q) = %v, %v, want malformed", s, got, err)
		}
	}
}

func TestFormat(t *testing.T) {
	a := Artifact{"s3://boot-images/PE/<x>", "e-2", "d41d8cd98f00b204e9800998ecf8427e", RootFS}
	b, err := Format(a, time.Date(2026, 3, 4, 5, 6, 7, 8, time.FixedZone("", 3600)))
	if err != nil || !strings.Contains(string(b), `"created": "2026-03-04 04:06:07"`) || !strings.Contains(string(b), `"type": "s3"`) {
		t.Errorf("Format = %s, %v", b, err)
	}
	if got, err := Parse(b); err != nil || !slices.Equal(got, []Artifact{a}) {
		t.Errorf("Parse(Format(%+v)) = %+v, %v", a, got, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(wild))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Parse(b); err != nil && !errors.Is(err, fetch.ErrMalformed) {
			t.Errorf("Parse = %v, want malformed", err)
		}
	})
}
