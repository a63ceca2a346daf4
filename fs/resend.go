package fs

import (
	"encoding/binary"
	"fmt"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/inflight"
)

// mayResend reports whether the kernel can be asked to send again what was read and not answered.
func (l *loop) mayResend(init request) bool {
	in := initIn(init)
	return !l.server.cfg.TableOnly && in.Flags64()&fuse.CAP_HAS_RESEND != 0 && resendIsSafe(release())
}

// resend asks for that. Each request then comes with another number, so that a reply to the first one
// is refused.
func (l *loop) resend() error {
	const code = 7 // FUSE_NOTIFY_RESEND, where a reply has its error
	p := inflight.ErrorReply(0, 0)
	binary.NativeEndian.PutUint32(p[4:], code)
	_, err := unix.Write(l.fd, p)
	return err
}

// resendFixed are the first releases of their series in which a request that is sent again may have
// been interrupted before. Earlier ones use memory after it was freed when its reader is killed then
// (CVE-2026-64265).
var resendFixed = [][3]int{{6, 12, 96}, {6, 18, 39}, {7, 1, 4}}

// resendIsSafe reports whether a kernel of that release may be asked. One that a distributor has
// repaired under an old number is not: the table does the same.
func resendIsSafe(release string) bool {
	var v [3]int
	if n, _ := fmt.Sscanf(release, "%d.%d.%d", &v[0], &v[1], &v[2]); n < 2 {
		return false
	}
	for _, f := range resendFixed {
		if v[0] == f[0] && v[1] == f[1] {
			return v[2] >= f[2]
		}
	}
	last := resendFixed[len(resendFixed)-1]
	return v[0] > last[0] || v[0] == last[0] && v[1] > last[1]
}

// release is the running kernel's, such as "6.18.44".
func release() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}
