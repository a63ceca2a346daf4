package s3server

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
)

// cephConf is what a cluster needs to be as small as possible.
//
//go:embed ceph.conf
var cephConf string

// cluster is what radosgw keeps its objects in: one monitor and one OSD, which has them in memory.
type cluster struct {
	Dir, FSID, OSD string // OSD is the UUID of the only one
	Mon, Gateway   string // addresses
}

// osdStarts is far more than it takes.
const osdStarts = 10

// prepareCeph starts a cluster, which lives until the test ends and in which radosgw finds its objects
// again after Restart, and makes the user.
func (s *Server) prepareCeph(t testing.TB) {
	t.Helper()
	c := cluster{Dir: t.TempDir(), FSID: uuid(), OSD: uuid(), Mon: freeAddress(t), Gateway: s.address}
	c.configure(t)
	c.tool(t, "monmaptool", "--create", "--fsid", c.FSID, "--addv", "a", "[v1:"+c.Mon+"]", c.Dir+"/monmap")
	c.tool(t, "ceph-mon", "-i", "a", "--mkfs", "--monmap", c.Dir+"/monmap")
	c.daemon(t, "ceph-mon", "-f", "-i", "a")
	c.tool(t, "ceph", "--connect-timeout", "60", "osd", "new", c.OSD)
	c.tool(t, "ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", c.OSD)
	c.startOSD(t)
	for _, pool := range []string{"index", "data", "non-ec"} { // else made while the first requests wait
		c.tool(t, "ceph", "osd", "pool", "create", "default.rgw.buckets."+pool)
	}
	c.createUser(t, "test", s.AccessKey, s.SecretKey)
	s.newUser = func(t testing.TB, accessKey, secretKey string) { c.createUser(t, accessKey, accessKey, secretKey) }
	s.health = "/"
	s.command = func() *exec.Cmd { return c.command("radosgw", "-f", "-n", "client.rgw") }
}

func (c cluster) createUser(t testing.TB, name, accessKey, secretKey string) {
	t.Helper()
	c.tool(t, "radosgw-admin", "user", "create", "--uid="+name, "--display-name="+name,
		"--access-key="+accessKey, "--secret="+secretKey)
}

func (c cluster) configure(t testing.TB) {
	t.Helper()
	var text strings.Builder
	if err := template.Must(template.New("").Parse(cephConf)).Execute(&text, c); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "ceph.conf"), []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"mon", "osd"} {
		if err := os.Mkdir(filepath.Join(c.Dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// command is a program of Ceph's in this cluster.
func (c cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.Dir, "CEPH_CONF=" + filepath.Join(c.Dir, "ceph.conf")}
	return cmd
}

// tool runs a program to its end and returns what it says.
func (c cluster) tool(t testing.TB, name string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := c.command(name, args...)
	cmd.Stdout = &out
	p, err := start(cmd)
	if err != nil {
		t.Fatalf("%v; make test-stores installs what is missing", err)
	}
	if words := p.words(); !cmd.ProcessState.Success() {
		t.Fatalf("%s: %v\n%s", name, cmd.ProcessState, words)
	}
	return out.String()
}

// startOSD starts the OSD and waits until the monitor knows that it is up. One that asks the monitor too
// early, before it has heard the cluster's FSID from it, is refused and ends: it is started again.
func (c cluster) startOSD(t testing.TB) {
	t.Helper()
	for range osdStarts {
		osd := c.daemon(t, "ceph-osd", "-f", "-i", "0")
		for osd.running() {
			if strings.Contains(c.tool(t, "ceph", "osd", "stat", "--format", "json"), `"num_up_osds":1,`) {
				return
			}
		}
		t.Logf("the OSD ended: %s", osd.words())
	}
	t.Fatalf("no OSD came up in %d starts", osdStarts)
}

// daemon runs a program until the test ends.
func (c cluster) daemon(t testing.TB, name string, args ...string) *process {
	t.Helper()
	p, err := start(c.command(name, args...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

// uuid returns a random one, version 4.
func uuid() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
