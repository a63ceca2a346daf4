package record

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// manifestMin is the size of the smallest manifest, a descriptor without a tree.
const manifestMin = 256

var (
	sha256Digits = regexp.MustCompile(`^[0-9a-f]{64}$`)
	md5Digits    = regexp.MustCompile(`^[0-9a-f]{32}$`)
	mediaType    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$`)
)

// validate returns the first thing that is wrong with r.
func (r *Record) validate() error {
	if r.Schema != Schema {
		return fmt.Errorf("schema %s: want %q; a newer pinfs may read it", quote(r.Schema), Schema)
	}
	if _, err := ParseName(string(r.Name)); err != nil {
		return err
	}
	if err := checkRevision(r.Revision); err != nil {
		return err
	}
	if err := r.validateContent(); err != nil {
		return err
	}
	if err := r.validateOrigin(); err != nil {
		return err
	}
	return r.validateLocations()
}

// validateContent checks what the record says of the bytes.
func (r *Record) validateContent() error {
	switch {
	case r.Pin.IsZero():
		return fmt.Errorf("no pin")
	case r.Follows < 0 || r.Follows >= r.Revision || r.Follows != 0 && r.Replaces.IsZero():
		return fmt.Errorf("it follows revision %d", r.Follows)
	case r.Size < 0:
		return fmt.Errorf("size %d is negative", r.Size)
	case !sha256Digits.MatchString(r.SHA256):
		return fmt.Errorf("sha256 %s: want 64 lower-case hex digits", quote(r.SHA256))
	case !md5Digits.MatchString(r.MD5):
		return fmt.Errorf("md5 %s: want 32 lower-case hex digits", quote(r.MD5))
	}
	return nil
}

// CheckRequest returns the first thing that makes a new record impossible whatever the image is, so
// that a publisher learns of it before gigabytes move.
func CheckRequest(name Name, class Class, media, publisher string) error {
	if err := class.validate(name); err != nil {
		return err
	}
	if !mediaType.MatchString(media) {
		return fmt.Errorf("mediaType %s: want one like application/vnd.squashfs", quote(media))
	}
	if publisher == "" {
		return fmt.Errorf("no publisher")
	}
	if err := checkPrintable(publisher); err != nil {
		return fmt.Errorf("publisher %s: %w", quote(publisher), err)
	}
	return nil
}

// validateOrigin checks who made the record, when and as what.
func (r *Record) validateOrigin() error {
	if err := CheckRequest(r.Name, r.Class, r.MediaType, r.Publisher); err != nil {
		return err
	}
	if _, offset := r.Created.Zone(); offset != 0 || r.Created.IsZero() {
		return fmt.Errorf("created %s: want a time in UTC", r.Created.Format(time.RFC3339))
	}
	return nil
}

// validateLocations checks that the record says where the bytes lie.
func (r *Record) validateLocations() error {
	if len(r.Locations) == 0 {
		return fmt.Errorf("no location")
	}
	for i, l := range r.Locations {
		if err := validateLocation(l); err != nil {
			return fmt.Errorf("location %d: %w", i, err)
		}
		if l.Size != r.Size {
			return fmt.Errorf("location %d: size %d, the image has %d", i, l.Size, r.Size)
		}
	}
	if err := validateLocation(r.Manifest); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	if r.Manifest.Size < manifestMin {
		return fmt.Errorf("manifest: size %d, want at least %d", r.Manifest.Size, manifestMin)
	}
	return nil
}

// validateLocation checks one. Schemes are not checked: a reader passes over those it can not open.
func validateLocation(l fetch.Location) error {
	scheme, rest, ok := strings.Cut(l.URL, "://")
	if !ok || scheme == "" || rest == "" {
		return fmt.Errorf("url %s: want one like s3://bucket/key", quote(l.URL))
	}
	for _, s := range []string{l.URL, l.VersionID, l.ETag} {
		if err := checkPrintable(s); err != nil {
			return fmt.Errorf("%s: %w", quote(s), err)
		}
	}
	return nil
}
