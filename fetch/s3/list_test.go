package s3

import "testing"

func TestAskable(t *testing.T) {
	for _, c := range []struct {
		prefix, ask string
		some        bool
	}{
		{"", "", true}, {"a", "a", true}, {"a/", "a/", true}, {"a/b", "a/b", true}, {"..x", "..x", true}, {"a/...", "a/...", true},
		{".", "", true}, {"..", "", true}, {"a/.", "a/", true}, {"a/b/..", "a/b/", true},
		{"/", "", false}, {"/a", "", false}, {"./", "", false}, {"../a", "", false}, {"a/../b", "", false}, {"a//", "", false}, {"a//b", "", false},
	} {
		if ask, some := askable(c.prefix); ask != c.ask || some != c.some {
			t.Errorf("askable(%q) = %q, %v, want %q, %v", c.prefix, ask, some, c.ask, c.some)
		}
	}
}
