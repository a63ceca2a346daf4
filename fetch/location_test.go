package fetch

import "testing"

func TestKeyIn(t *testing.T) {
	for _, c := range []struct {
		loc   Location
		store string
		want  string
		ok    bool
	}{
		{Location{URL: "s3://b/a/k"}, "s3://b", "a/k", true},
		{Location{URL: "s3://bb/k"}, "s3://b", "", false},
		{Location{URL: "s3://b"}, "s3://b", "", false},
		{Location{URL: "file:///d/k"}, "s3://b", "", false},
		{Location{URL: "s3://b/k", Size: -1}, "s3://b", "", false},
	} {
		if got, err := c.loc.KeyIn(c.store); got != c.want || (err == nil) != c.ok {
			t.Errorf("%+v.KeyIn(%s) = %q, %v, want %q", c.loc, c.store, got, err, c.want)
		}
	}
}
