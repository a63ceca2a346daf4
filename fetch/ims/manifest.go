// Package ims reads and writes the manifest.json of the Image Management Service: which objects make up
// a boot image, with an MD5 of each. It does no I/O.
package ims

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// MaxSize is the most bytes a manifest may have.
const MaxSize = 1 << 20

// RootFS is the type of an artifact that is a squashfs.
const RootFS = "application/vnd.cray.image.rootfs.squashfs"

// version is the only one there is.
const version = "1.0"

// Artifact is one object of an image.
type Artifact struct {
	URL  string // such as s3://boot-images/ID/rootfs
	ETag string // without quotes; "" if the manifest does not tell
	MD5  string // of the whole object, lower case
	Type string
}

// artifact is how one is written. Some writers leave the etag out or write null.
type artifact struct {
	Link link   `json:"link"`
	MD5  string `json:"md5"`
	Type string `json:"type"`
}

type link struct {
	Path string `json:"path"`
	ETag string `json:"etag"`
	Type string `json:"type"`
}

// Parse returns the artifacts of a manifest. Errors match fetch.ErrMalformed.
func Parse(b []byte) ([]Artifact, error) {
	var m struct {
		Version   string     `json:"version"`
		Artifacts []artifact `json:"artifacts"`
	} // when it was created is written in many ways, and is nobody's business
	if len(b) > MaxSize {
		return nil, fmt.Errorf("IMS manifest: %w: more than %d bytes", fetch.ErrMalformed, MaxSize)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("IMS manifest: %w: %w", fetch.ErrMalformed, err)
	}
	if m.Version != version {
		return nil, fmt.Errorf("IMS manifest: %w: version %.20q, want %q", fetch.ErrMalformed, m.Version, version)
	}
	var all []Artifact
	for _, a := range m.Artifacts {
		all = append(all, Artifact{a.Link.Path, strings.Trim(a.Link.ETag, `"`), strings.ToLower(a.MD5), a.Type})
	}
	return all, nil
}

// Format writes the manifest of one artifact, which lies in S3.
func Format(a Artifact, created time.Time) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(struct {
		Version   string     `json:"version"`
		Created   string     `json:"created"`
		Artifacts []artifact `json:"artifacts"`
	}{version, created.UTC().Format(time.DateTime), []artifact{{link{a.URL, a.ETag, "s3"}, a.MD5, a.Type}}})
	return b.Bytes(), err
}
