package squashtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Trees are the directory trees that images of the corpus are made of. Each fills the directory dir,
// which it makes, and comes out the same each time. One comes with dir.tar, which has what the file
// system can not hold.
var Trees = map[string]func(t testing.TB, dir string){
	"rich":   RichTree,
	"small":  SmallTree,
	"empty":  func(t testing.TB, dir string) { newBuilder(t, dir) },
	"one":    func(t testing.TB, dir string) { newBuilder(t, dir).file("only", []byte("one file\n")) },
	"many":   func(t testing.TB, dir string) { newBuilder(t, dir).wide(5000) },
	"wide":   func(t testing.TB, dir string) { newBuilder(t, dir).wide(100_000) },
	"ids":    func(t testing.TB, dir string) { newBuilder(t, dir).ids(3000) },
	"xattrs": func(t testing.TB, dir string) { newBuilder(t, dir).xattrSets(2500) },
	"acls":   func(t testing.TB, dir string) { newBuilder(t, dir).acls() },
	"times":  func(t testing.TB, dir string) { newBuilder(t, dir).oddTimes() },
	"sparse": func(t testing.TB, dir string) { newBuilder(t, dir).holes() },
	"copies": func(t testing.TB, dir string) { newBuilder(t, dir).copies() },
	"huge":   func(t testing.TB, dir string) { newBuilder(t, dir).huge() },
	"code":   func(t testing.TB, dir string) { newBuilder(t, dir).code() },
	"calls":  func(t testing.TB, dir string) { newBuilder(t, dir).fewCalls() },
	"tiny":   func(t testing.TB, dir string) { newBuilder(t, dir).tiny() },
	"index":  func(t testing.TB, dir string) { newBuilder(t, dir).longNames(80) },
	"real":   func(t testing.TB, dir string) { newBuilder(t, dir).sources() },
	"plain":  func(t testing.TB, dir string) { newBuilder(t, dir).plain() },
	"lists":  func(t testing.TB, dir string) { newBuilder(t, dir).lists() },

	"attributes": func(t testing.TB, dir string) { newBuilder(t, dir).attributes() },
}

// wide makes one directory of n entries, whose listing thus has many runs and an index.
func (b *builder) wide(n int) {
	b.mkdir("wide")
	for i := range n {
		b.must(unix.Mknod(b.path(fmt.Sprintf("wide/entry-%06d", i*7)), unix.S_IFREG|0o644, 0))
	}
	b.mkdir("wide/entry-in-between")
	b.file("wide/entry-in-between/found", []byte("yes"))
}

// longNames makes n files with names so long that 32 of them fill a metadata block of the listing.
func (b *builder) longNames(n int) {
	for i := range n {
		b.file(fmt.Sprintf("%03d-%0246d", i, i*i), nil)
	}
}

// ids makes files of n owners and n groups; 2048 of both together fill a metadata block.
func (b *builder) ids(n int) {
	for i := range n {
		name := fmt.Sprintf("%d", i)
		b.file(name, nil)
		b.must(os.Lchown(b.path(name), 100_000+i, 200_000+i))
	}
}

// xattrSets makes n files with attributes of their own; 512 of them fill a metadata block. Every
// tenth has a value that others have too, which is stored once and out of line.
func (b *builder) xattrSets(n int) {
	for i := range n {
		name := fmt.Sprintf("%04d", i)
		b.file(name, nil)
		b.xattr(name, "user.number", fmt.Appendf(nil, "%d", i))
		if i%10 == 0 {
			b.xattr(name, "user.shared", bytes.Repeat(fmt.Appendf(nil, "%d ", i%70), 700))
			b.xattr(name, "trusted.shared", bytes.Repeat([]byte("trust"), 100))
		}
	}
	b.file("same", nil)
	b.xattr("same", "user.number", []byte("7")) // the set of 0007 is this one's as well
	b.file("capable", nil)
	b.xattr("capable", "security.capability", capability())
}

// capability returns the attribute that grants a program CAP_NET_RAW, in its second version.
func capability() []byte {
	const version2, effective, netRaw = 0x02000000, 1, 1 << 13
	var v []byte
	for _, word := range []uint32{version2 | effective, netRaw, 0, 0, 0} {
		v = binary.LittleEndian.AppendUint32(v, word)
	}
	return v
}

// acls gives a file and a directory access control lists, which squashfs has no room for: makers
// leave them out, and what remains of them are the group's bits of the mode.
func (b *builder) acls() {
	const version, ownerObject, user, groupObject, mask, other, nobody = 2, 1, 2, 4, 0x10, 0x20, ^uint32(0)
	v := binary.LittleEndian.AppendUint32(nil, version)
	for _, e := range []struct {
		tag, permissions uint16
		id               uint32
	}{{ownerObject, 7, nobody}, {user, 6, 1000}, {groupObject, 5, nobody}, {mask, 7, nobody}, {other, 4, nobody}} {
		v = binary.LittleEndian.AppendUint16(v, e.tag)
		v = binary.LittleEndian.AppendUint16(v, e.permissions)
		v = binary.LittleEndian.AppendUint32(v, e.id)
	}
	b.mkdir("dir")
	b.file("file", []byte("controlled"))
	b.xattr("file", "system.posix_acl_access", v)
	b.xattr("file", "user.beside", []byte("it"))
	b.xattr("dir", "system.posix_acl_default", v)
}

// oddTimes makes files with times that squashfs, which has 32 bits without a sign, can not hold.
func (b *builder) oddTimes() {
	b.times()
	for _, s := range []int64{-1, -86400 * 365, -1 << 31, 1 << 32, 1<<32 + 1, 5_000_000_000, 10_000_000_000} {
		b.fileOf("times", s)
	}
}
