package s3server

import (
	"os"
	"strings"
	"testing"
)

// Kind is which server it is. They differ in what they honour, so that what passes with one may not
// pass with another.
type Kind string

const (
	Versitygw Kind = "versitygw" // the default: small, keeps to the documentation, has one file per object
	MinIO     Kind = "minio"
	Ceph      Kind = "ceph" // radosgw, of the Debian packages
)

// variable chooses the server of all tests that do not ask for a certain one.
const variable = "PINFS_TEST_STORE"

// chosen returns k, or what the environment says if that is "".
func (k Kind) chosen(t testing.TB) Kind {
	t.Helper()
	if k == "" {
		k = Kind(os.Getenv(variable))
	}
	switch k {
	case "":
		return Versitygw
	case Versitygw, MinIO, Ceph:
		return k
	}
	t.Fatalf("%s: there is no server %q; set it to %s", variable, k,
		strings.Join([]string{string(Versitygw), string(MinIO), string(Ceph)}, ", "))
	return ""
}

// prepare makes what s needs before its process can run, and says how to run it.
func (s *Server) prepare(t testing.TB, users bool) {
	t.Helper()
	switch s.Kind {
	case MinIO:
		s.prepareMinIO(t)
	case Ceph:
		s.prepareCeph(t)
	default:
		s.prepareVersitygw(t, users)
	}
}
