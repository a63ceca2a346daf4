package mirror_test

import (
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
)

// answers are what a server says, and should not.
var answers = []fault{
	{"IgnoresRange", lies(fetchtest.IgnoreRange), setup{}, fetch.ErrUnavailable, "ignores byte ranges"},
	{"WrongStart", lies(fetchtest.WrongStart), setup{}, fetch.ErrOverwritten, "pinned was etag"},
	{"WrongTotal", lies(fetchtest.WrongTotal), setup{}, fetch.ErrOverwritten, "pinned was etag"},
	{"LongLength", lies(fetchtest.LongLength), setup{}, fetch.ErrUnavailable, "does not fit a body"},
	{"ShortLength", lies(fetchtest.ShortLength), setup{}, fetch.ErrUnavailable, "does not fit a body"},
	{"Truncated", lies(fetchtest.ShortBody), setup{}, fetch.ErrUnavailable, "short body"},
	{"NoETag", lies(fetchtest.NoETag), setup{}, fetch.ErrUnavailable, "no ETag"},
	{"WrongETag", lies(fetchtest.WrongETag), setup{}, fetch.ErrOverwritten, "0123456789abcdef"},
	{"Corrupt", lies(fetchtest.CorruptBytes), setup{}, fetch.ErrCorrupt, "leaf "},
	{"CorruptThenGood", liesFirst(fetchtest.CorruptBytes, 1), setup{}, "", ""},

	{"Overwritten", overwrite, setup{}, fetch.ErrOverwritten, "now has etag"},
	{"OverwrittenBehindLies", overwriteAndLie, setup{}, fetch.ErrOverwritten, "now has etag"},
	{"OverwrittenUnseen", overwrite, setup{bare: true}, fetch.ErrCorrupt, "leaf "},
	{"Gone", remove, setup{}, fetch.ErrOverwritten, "is gone"},
	{"NeverThere", remove, setup{bare: true}, fetch.ErrNotFound, "HTTP status 404"},

	{"Forbidden", lies(fetchtest.Forbidden), setup{}, fetch.ErrDenied, "HTTP status 403"},
	{"TooMany", lies(fetchtest.TooMany), setup{}, fetch.ErrUnavailable, "HTTP status 429"},
	{"BusyThenGood", liesFirst(fetchtest.Busy, 1), setup{}, "", ""},
	{"BusyForLong", lies(fetchtest.BusyForLong), setup{}, fetch.ErrUnavailable, "asks for a pause of 1m"},
	{"ServerError", lies(fetchtest.ServerError), setup{}, fetch.ErrUnavailable, "HTTP status 500"},
	{"ServerErrorThenGood", liesFirst(fetchtest.ServerError, 5), setup{}, "", ""},
	{"BadGateway", lies(fetchtest.BadGateway), setup{}, fetch.ErrUnavailable, "HTTP status 502"},
	{"LostAnswer", lies(fetchtest.LostAnswer), setup{}, fetch.ErrUnavailable, ""},
	{"Circle", lies(fetchtest.Circle), setup{}, fetch.ErrUnavailable, ""},
}

// TestFaultsOfAnswers has servers say what they should not.
func TestFaultsOfAnswers(t *testing.T) { runAll(t, kinds, answers) }

// overwrite puts other bytes in the place of the image.
func overwrite(s *site) func() {
	s.Put(key, fetchtest.Random(len(s.image), 2))
	return func() { s.Put(key, s.image) }
}

// overwriteAndLie does so on a server that ignores conditions.
func overwriteAndLie(s *site) func() {
	s.Lie(fetchtest.IgnoreConditions, nil)
	return overwrite(s)
}

// remove leaves nothing where the image was.
func remove(s *site) func() {
	s.Drop(key)
	return func() { s.Put(key, s.image) }
}
