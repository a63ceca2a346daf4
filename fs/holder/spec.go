// Package holder keeps a FUSE mount with two processes: a small one that mounts and holds the
// descriptor, and a worker that answers.
//
// The command that a user types calls Mount, which starts the holder in the background (Hold) and
// returns when the mount can be used; in the foreground it calls Run itself. The holder starts the
// worker (Work), and another one when that ends before the mount does. All of them are the same
// executable, until Upgrade replaces it. The end of any of them is noticed by the others at once,
// because the socket between them closes.
package holder

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fetch"
)

// Spec says what to mount. It travels between the processes as JSON over a socket, never as
// arguments; secrets stay in the environment, which is inherited.
type Spec struct {
	Mountpoint string          `json:"mountpoint"`
	Source     string          `json:"source"`    // first column of /proc/mounts; default "pinfs"
	Options    []string        `json:"options"`   // as behind mount -o, see options.go; default ro,nosuid,nodev
	Job        json.RawMessage `json:"job"`       // for the worker; opaque here
	ReadAhead  int             `json:"readAhead"` // KiB, where we may set it; default 1024
	Patience   time.Duration   `json:"patience"`  // how long requests wait for a worker; default 25 s
	Look       time.Duration   `json:"look"`      // how often the mount is asked whether it answers; default 1 min
	Holder     []string        `json:"holder"`    // arguments that make the executable call Hold
	Worker     []string        `json:"worker"`    // arguments that make the executable call Work
}

// Error is a failure that happened in another process: its text and its verdict, if it had one.
type Error struct {
	Text    string        `json:"text"`
	Verdict fetch.Verdict `json:"verdict,omitempty"`
}

// Error returns the text as the other process had it.
func (e *Error) Error() string { return e.Text }

// Unwrap makes the verdict testable with errors.Is.
func (e *Error) Unwrap() error {
	if e.Verdict == "" {
		return nil
	}
	return e.Verdict
}

// portable makes err an Error.
func portable(err error) *Error { return &Error{Text: err.Error(), Verdict: fetch.VerdictOf(err)} }

// options are mount options, parsed.
type options struct {
	flags      uintptr // MS_*
	allowOther bool
}

// parseOptions reads options over their defaults. Root's mounts are for everybody, as all other file
// systems are.
func parseOptions(list []string, root bool) (options, error) {
	o := options{flags: unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV, allowOther: root}
	for _, word := range list {
		switch word {
		case "allow_other":
			o.allowOther = true
			continue
		case "noallow_other":
			o.allowOther = false
			continue
		}
		flag, known := optionFlags[word]
		if !known {
			return o, fmt.Errorf("mount option %q is not known; known are allow_other, noallow_other, %s", word, knownOptions)
		}
		o.flags = o.flags&^flag.clear | flag.set
	}
	return o, nil
}

// knownOptions is what a person is told.
const knownOptions = "ro, rw, suid, nosuid, dev, nodev, exec, noexec"

var optionFlags = map[string]struct{ set, clear uintptr }{
	"ro":     {set: unix.MS_RDONLY},
	"rw":     {clear: unix.MS_RDONLY},
	"nosuid": {set: unix.MS_NOSUID},
	"suid":   {clear: unix.MS_NOSUID},
	"nodev":  {set: unix.MS_NODEV},
	"dev":    {clear: unix.MS_NODEV},
	"noexec": {set: unix.MS_NOEXEC},
	"exec":   {clear: unix.MS_NOEXEC},
}

// words is o for fusermount3.
func (o options) words() string {
	words := []string{"rw", "suid", "dev", "exec"}
	for i, flag := range []uintptr{unix.MS_RDONLY, unix.MS_NOSUID, unix.MS_NODEV, unix.MS_NOEXEC} {
		if o.flags&flag != 0 {
			words[i] = []string{"ro", "nosuid", "nodev", "noexec"}[i]
		}
	}
	if o.allowOther {
		words = append(words, "allow_other")
	}
	return strings.Join(words, ",")
}
