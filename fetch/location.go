package fetch

import (
	"fmt"
	"strings"
)

// Location says where the bytes of one immutable object lie and what was seen there. VersionID and
// ETag detect a change, they never identify content: only a Pin does. It is comparable and serves
// as the key of everything unverified, so that bytes of two versions can not meet.
type Location struct {
	URL       string `json:"url"`                 // s3://bucket/key or file:///path
	VersionID string `json:"versionId,omitempty"` // empty where the bucket keeps no versions
	ETag      string `json:"etag,omitempty"`      // without quotes; empty = not seen yet
	Size      int64  `json:"size"`                // bytes of the whole object
}

// String names the object for people.
func (l Location) String() string {
	if l.VersionID == "" {
		return l.URL
	}
	return l.URL + "?versionId=" + l.VersionID
}

// KeyIn returns the key of the object in the store of that URL; an error if it lies elsewhere or the
// location can not be one.
func (l Location) KeyIn(store string) (string, error) {
	key, ok := strings.CutPrefix(l.URL, store+"/")
	switch {
	case !ok:
		return "", fmt.Errorf("%s is not in the store %s", l.URL, store)
	case l.Size < 0:
		return "", fmt.Errorf("%s: negative size %d", l.URL, l.Size)
	}
	return key, nil
}

// identity is what String leaves out.
func (l Location) identity() string {
	return fmt.Sprintf("etag %q version %q size %d", l.ETag, l.VersionID, l.Size)
}
