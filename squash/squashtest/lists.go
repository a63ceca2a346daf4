package squashtest

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"strings"
)

// lists makes files that say what an image is to hold: pseudo for mksquashfs -pf, pack and xattr for
// gensquashfs -F and -A.
func (b *builder) lists() {
	b.file("content", []byte("of a file"))
	b.file("pseudo", []byte(`null c 666 0 0 1 3
wide c 600 1 2 259 70000
disk b 660 0 6 8 1
made d 1777 12 13
made/fifo i 644 3 4 f
made/socket i 755 5 6 s
made/link s 777 0 0 ../content
made/old D 1 700 0 0
made/old/file F 4294967295 4755 0 0 echo from a command
made/disk B 86400 600 0 0 7 200
content m 4711 7 8
`))
	b.file("pack", []byte(`dir /dev 0755 0 0
nod /dev/console 0600 0 0 c 5 1
nod /dev/disk 0660 0 6 b 8 1
nod /dev/wide 0660 0 6 b 259 70000
pipe /dev/fifo 0644 1 2
sock /dev/socket 0755 3 4
slink /link 0777 0 0 ../content
file /content 04711 7 8 content
file "/a name/of \"three\" words" 0640 9 10 content
link /again 0777 0 0 /content
`))
	b.file("xattr", fmt.Appendf(nil, `# file: content
user.large=0x%s
user.small="x"
trusted.large=0x%s

# file: dev/console
security.label="l"

# file: link
trusted.of_a_link="t"
`, strings.Repeat("00ff", 32<<10), strings.Repeat("00ff", 32<<10)))
}

// attributes makes a tar file with attributes of 64 KiB, which is more than most file systems hold,
// and with as many as the kernel can list.
func (b *builder) attributes() {
	f, err := os.Create(b.dir + ".tar")
	b.must(err)
	defer f.Close()
	w := tar.NewWriter(f)
	many := map[string]string{}
	for i := range 2000 {
		many[fmt.Sprintf("user.%04d-%s", i, strings.Repeat("n", i%20))] = fmt.Sprintf("value %d", i/2)
	}
	large := string(b.noise(64 << 10))
	for i, xattrs := range []map[string]string{
		{"user.large": large, "user.again": large, "user.a": "a", "trusted.zeros": strings.Repeat("\x00", 64<<10)},
		{"user.large": large},
		{"trusted.elsewhere": large, "security.text": strings.Repeat("text ", 13_000)},
		many, nil,
		{"user." + strings.Repeat("n", 250): "the longest name", "user.empty": ""},
	} {
		records := map[string]string{}
		for name, value := range xattrs {
			records["SCHILY.xattr."+name] = value
		}
		b.must(w.WriteHeader(&tar.Header{Name: fmt.Sprintf("file-%d", i), Mode: 0o644, Typeflag: tar.TypeReg, Size: 3, PAXRecords: records}))
		_, err := w.Write(bytes.Repeat([]byte{'a' + byte(i)}, 3))
		b.must(err)
	}
	b.must(w.Close())
}
