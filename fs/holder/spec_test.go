package holder

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fetch"
)

func TestParseOptions(t *testing.T) {
	const secure = unix.MS_NOSUID | unix.MS_NODEV
	tests := []struct {
		list  []string
		root  bool
		want  options
		words string
	}{
		{nil, true, options{unix.MS_RDONLY | secure, true}, "ro,nosuid,nodev,exec,allow_other"},
		{nil, false, options{unix.MS_RDONLY | secure, false}, "ro,nosuid,nodev,exec"},
		{[]string{"rw", "suid", "dev", "noexec", "noallow_other"}, true, options{unix.MS_NOEXEC, false}, "rw,suid,dev,noexec"},
		{[]string{"suid", "nosuid", "allow_other"}, false, options{unix.MS_RDONLY | secure, true}, "ro,nosuid,nodev,exec,allow_other"},
	}
	for _, tt := range tests {
		got, err := parseOptions(tt.list, tt.root)
		if err != nil || got != tt.want || got.words() != tt.words {
			t.Errorf("parseOptions(%q, %v) = %+v (%s), %v, want %+v (%s)", tt.list, tt.root, got, got.words(), err, tt.want, tt.words)
		}
	}
	for _, bad := range []string{"", "fd=4", "ro,rw", "fsname=x"} {
		if _, err := parseOptions([]string{bad}, true); err == nil {
			t.Errorf("parseOptions(%q) = nil error", bad)
		}
	}
}

func TestErrorKeepsTheVerdict(t *testing.T) {
	err := error(portable(fmt.Errorf("image: %w", fetch.ErrCorrupt)))
	if !errors.Is(err, fetch.ErrCorrupt) || err.Error() != "image: corrupt" {
		t.Errorf("portable = %v", err)
	}
	if err := error(portable(errors.New("x"))); fetch.VerdictOf(err) != "" {
		t.Errorf("portable of an error without verdict has verdict %q", fetch.VerdictOf(err))
	}
}
