package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// Schema is the first field of every record of this version.
const Schema = "pinfs.record/v1"

// MaxSize is the most bytes a record may have; read one more than that to notice.
const MaxSize = 1 << 20

// Record binds a name, at one revision, to a pin and to the places where the bytes lie. Once stored
// it never changes. The pin alone is authority; SHA256 and MD5 are for comparing with other tools.
type Record struct {
	Schema    string           `json:"schema"` // "" when formatting = Schema
	Name      Name             `json:"name"`
	Revision  int              `json:"revision"` // 1 for a name's first record
	Pin       fetch.Pin        `json:"pin"`
	Size      int64            `json:"size"`   // bytes of the image
	SHA256    string           `json:"sha256"` // of the whole image, 64 lower-case hex digits
	MD5       string           `json:"md5"`    // of the whole image, 32 lower-case hex digits
	MediaType string           `json:"mediaType"`
	Class     Class            `json:"class"`
	Created   time.Time        `json:"created"` // UTC
	Publisher string           `json:"publisher"`
	Replaces  fetch.Pin        `json:"replaces,omitzero"` // the pin of the revision before, if any
	Follows   int              `json:"follows,omitzero"`  // that revision; numbers may be left out. See Disputed
	Manifest  fetch.Location   `json:"manifest"`
	Locations []fetch.Location `json:"locations"` // of the image, at least one
}

// Disputed reports whether before, another revision of the name, came between r and the one that r
// follows: somebody published it without knowing of r, and neither replaced the other. That happens
// only where the store creates objects unconditionally, to a publisher who was stopped for long.
func (r *Record) Disputed(before int) bool {
	known := r.Follows != 0 || r.Replaces.IsZero() // some records do not tell
	return known && r.Follows < before && before < r.Revision
}

// Parse reads a record and validates all of it. Fields it does not know are ignored, so that a later
// writer may add some; a field given twice, anything after the record and more than MaxSize bytes are
// refused.
func Parse(b []byte) (*Record, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("record: more than %d bytes", MaxSize)
	}
	if err := checkStrict(b); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	var r Record
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if err := r.validate(); err != nil {
		return nil, fmt.Errorf("record of %s, revision %d: %w", quote(string(r.Name)), r.Revision, err)
	}
	r.Created = r.Created.UTC() // "+00:00" is the same time and must be the same value
	return &r, nil
}

// ParseAt is Parse for what was read at key: the record must be the one that belongs there.
func ParseAt(key string, b []byte) (*Record, error) {
	name, revision, err := ParseRecordKey(key)
	if err != nil {
		return nil, err
	}
	r, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", quote(key), err)
	}
	if r.Name != name || r.Revision != revision {
		return nil, fmt.Errorf("%s: holds the record of %s, revision %d", quote(key), quote(string(r.Name)), r.Revision)
	}
	return r, nil
}

// Key is where the record belongs.
func (r *Record) Key() string { return RecordKey(r.Name, r.Revision) }

// Format returns the record as it is stored: indented JSON, fields in fixed order, a newline at the
// end; equal records give equal bytes. A record that Parse would refuse is an error.
func (r *Record) Format() ([]byte, error) {
	out := *r
	if out.Schema == "" {
		out.Schema = Schema
	}
	out.Created = out.Created.UTC()
	if err := out.validate(); err != nil {
		return nil, fmt.Errorf("record of %s, revision %d: %w", quote(string(r.Name)), r.Revision, err)
	}
	b, err := encode(&out)
	if err == nil && len(b) > MaxSize {
		err = fmt.Errorf("%d bytes, at most %d", len(b), MaxSize)
	}
	if err != nil {
		return nil, fmt.Errorf("record of %s, revision %d: %w", quote(string(r.Name)), r.Revision, err)
	}
	return b, nil
}

// encode writes JSON as people like to read it.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}
