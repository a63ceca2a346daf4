package publish

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/pinfs/pinfs/fetch"
)

// Claim is what somebody says of an object's bytes.
type Claim struct {
	By   string // who, such as "the IMS manifest x.json"
	MD5  string // of the whole object, 32 hex digits
	ETag string // that it had; "" = does not say
}

// md5Name is the user metadata in which tools note the MD5 of what they upload.
const md5Name = "md5sum"

var md5Hex = regexp.MustCompile(`^[0-9a-f]{32}$`)

// claims are those of the caller and of the object's own metadata.
func (o *object) claims(ctx context.Context, a Adoption) ([]Claim, error) {
	for _, c := range a.Claims {
		if c.ETag != "" && c.ETag != o.at.ETag {
			a.Notice(fmt.Sprintf("%s has etag %s, %s says %s: it was uploaded again since, or copied", o.at.URL, o.at.ETag, c.By, c.ETag))
		}
	}
	store, ok := o.store.(fetch.Annotated)
	if !ok {
		return a.Claims, nil
	}
	said, err := store.Metadata(ctx, o.at)
	if err != nil {
		return nil, o.advise(err)
	}
	if sum, ok := said[md5Name]; ok {
		return append(a.Claims[:len(a.Claims):len(a.Claims)], Claim{By: "its user metadata " + md5Name, MD5: sum}), nil
	}
	return a.Claims, nil
}

// compare returns who says the same as md5, the object's. Whoever says otherwise makes it corrupt, but
// for the ETag: it is the MD5 of many objects, and of others, such as encrypted ones, it is not.
func (o *object) compare(claims []Claim, md5 string, notice func(string)) (agreed []string, err error) {
	for _, c := range claims {
		switch sum := strings.ToLower(strings.TrimSpace(c.MD5)); {
		case !md5Hex.MatchString(sum):
			notice(fmt.Sprintf("%s says nothing that could be the md5 of %s", c.By, o.at.URL))
		case sum != md5:
			return nil, fmt.Errorf("%w: %s has md5 %s, %s says %s: nothing was recorded, upload it again or find out who is wrong",
				fetch.ErrCorrupt, o.at.URL, md5, c.By, sum)
		default:
			agreed = append(agreed, c.By)
		}
	}
	switch {
	case o.at.ETag == md5:
		agreed = append(agreed, "its ETag")
	case md5Hex.MatchString(o.at.ETag):
		notice(fmt.Sprintf("the etag of %s is %s, its md5 is %s: they differ if it is encrypted", o.at.URL, o.at.ETag, md5))
	}
	return agreed, nil
}
