package fetch

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestVerdictOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Verdict
	}{
		{nil, ""},
		{io.EOF, ""},
		{ErrDenied, ErrDenied},
		{fmt.Errorf("leaf 7: %w", ErrCorrupt), ErrCorrupt},
		{&OverwrittenError{Gone: true}, ErrOverwritten},
		{fmt.Errorf("read: %w", &OverwrittenError{}), ErrOverwritten},
		{errors.Join(ErrUnavailable, &OverwrittenError{}), ErrOverwritten},
		{errors.Join(ErrUnavailable, ErrCorrupt, ErrOverwritten), ErrCorrupt},
	} {
		if got := VerdictOf(c.err); got != c.want {
			t.Errorf("VerdictOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

func TestOverwrittenErrorNamesBothIdentities(t *testing.T) {
	err := &OverwrittenError{
		Want: Location{URL: "s3://b/k", ETag: "aaa", VersionID: "v1", Size: 5},
		Got:  Location{URL: "s3://b/k", ETag: "bbb", VersionID: "v2", Size: 6},
	}
	for _, word := range []string{"s3://b/k", "aaa", "bbb", "v1", "v2"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not name %q", err, word)
		}
	}
}
