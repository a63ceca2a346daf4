package fs

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/inflight"
	"github.com/pinfs/pinfs/fs/tree"
	"github.com/pinfs/pinfs/squash"
	"github.com/pinfs/pinfs/squash/squashtest"
)

func TestResendIsSafe(t *testing.T) {
	for release, want := range map[string]bool{
		"": false, "6.8.0": false, "6.9.0-1-amd64": false, "6.12.95": false, "6.12.96": true, "6.12.0-55.el10": false,
		"6.13.12": false, "6.18.38": false, "6.18.39-x": true, "6.19.5": false, "7.0.9": false, "7.1.3": false,
		"7.1.4": true, "7.2": true, "7.2-rc1": true, "8.0.0": true, "x": false,
	} {
		if got := resendIsSafe(release); got != want {
			t.Errorf("resendIsSafe(%q) = %v, want %v", release, got, want)
		}
	}
}

// kernel plays the other side of the device, over a socket.
type kernel struct {
	t      *testing.T
	fd     int // our end of the device
	device int // the worker's
	server *Server
	table  *inflight.File
	drain  chan struct{}
	ended  chan error
}

func newKernel(t *testing.T) *kernel {
	t.Helper()
	table, err := inflight.Create()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	return &kernel{t: t, fd: -1, table: table}
}

// serve starts another worker.
func (k *kernel) serve(cfg Config) {
	k.t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		k.t.Fatal(err)
	}
	image := squashtest.Open(k.t, squashtest.Make(k.t, k.t.TempDir()), squash.Config{})
	k.fd, k.device, k.drain, k.ended = fds[0], fds[1], make(chan struct{}), make(chan error, 1)
	k.server = New(tree.New(image, tree.Info{}), cfg)
	conn := inflight.Conn{Device: k.device, Table: k.table, Drain: k.drain}
	go func() { k.ended <- k.server.Serve(context.Background(), conn, func() {}) }()
}

// end lets the worker see the end of the connection.
func (k *kernel) end() {
	_ = unix.Shutdown(k.fd, unix.SHUT_RDWR)
	<-k.ended
	k.close()
}

func (k *kernel) close() {
	unix.Close(k.fd)
	unix.Close(k.device)
}

func (k *kernel) send(p []byte) {
	k.t.Helper()
	if _, err := unix.Write(k.fd, p); err != nil {
		k.t.Fatal(err)
	}
}

// reply returns the error and the number of the next reply.
func (k *kernel) reply() (code int32, unique uint64) {
	k.t.Helper()
	p := make([]byte, 1<<16)
	if n, err := unix.Read(k.fd, p); err != nil || n < replyHeaderSize {
		k.t.Fatalf("reply of %d bytes, %v", n, err)
	}
	return int32(binary.NativeEndian.Uint32(p[4:])), binary.NativeEndian.Uint64(p[8:])
}

// sized is v with its length in its header.
func sized[T any](v T, tail ...byte) request {
	p := bytesOf(v, tail...)
	binary.NativeEndian.PutUint32(p, uint32(len(p)))
	return p
}

func numbered(op uint32, unique uint64) fuse.InHeader {
	return fuse.InHeader{Opcode: op, Unique: unique, NodeId: 1}
}

func initRequest(flags uint64) request {
	return sized(fuse.InitIn{
		InHeader: numbered(opInit, 2), Major: 7, Minor: 41, MaxReadAhead: 1 << 17,
		Flags: uint32(flags) | initExt, Flags2: uint32(flags >> 32),
	})
}

const opGetAttr, opForget, opInterrupt = 3, 2, 36

func getAttr(unique uint64) request {
	return sized(fuse.GetAttrIn{InHeader: numbered(opGetAttr, unique)})
}

// leave puts requests into the table as a worker that was killed leaves them.
func (k *kernel) leave(requests ...request) {
	k.t.Helper()
	table, err := k.table.Map()
	if err != nil {
		k.t.Fatal(err)
	}
	defer table.Close()
	for _, r := range requests {
		slot, _ := table.Take()
		copy(slot.Buffer(), r)
	}
}

// begin is the first worker's part: it answers INIT and ends.
func (k *kernel) begin(flags uint64) {
	k.t.Helper()
	k.serve(Config{})
	k.send(initRequest(flags))
	if code, unique := k.reply(); code != 0 || unique != 2 {
		k.t.Fatalf("reply to INIT: %d to %d", code, unique)
	}
	k.awaitEmpty()
	k.end()
}

// awaitEmpty returns when nothing is in the table.
func (k *kernel) awaitEmpty() {
	k.t.Helper()
	for {
		left, err := k.table.Unanswered()
		if err != nil {
			k.t.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
	}
}

// TestTakeOverFromTable: what is in the table is answered, what needs no answer gets none.
func TestTakeOverFromTable(t *testing.T) {
	k := newKernel(t)
	k.begin(0)
	k.leave(
		getAttr(10), getAttr(12),
		sized(fuse.ForgetIn{InHeader: numbered(opForget, 14), Nlookup: 1}),
		sized(fuse.InterruptIn{InHeader: numbered(opInterrupt, 11), Unique: 10}),
		sized(numbered(opGetAttr, 16)), // too short: an error, but an answer
	)
	k.serve(Config{})
	k.send(getAttr(18))
	codes := map[uint64]int32{}
	for len(codes) < 4 {
		code, unique := k.reply()
		if unique == 11 {
			continue // interrupts what is not begun, or has ended: the kernel is told so
		}
		codes[unique] = code
	}
	for unique, want := range map[uint64]int32{10: 0, 12: 0, 16: -5, 18: 0} {
		if code, ok := codes[unique]; !ok || code != want {
			t.Errorf("reply to %d = %d, %v, want %d", unique, code, ok, want)
		}
	}
	k.awaitEmpty()
	k.end()
}

// TestTakeOverOfFullTable: when each slot holds a request there is none to wait for further ones, at
// first.
func TestTakeOverOfFullTable(t *testing.T) {
	k := newKernel(t)
	k.begin(0)
	var all []request
	for n := range uint64(1024) {
		all = append(all, getAttr(100+2*n))
	}
	k.leave(all...)
	k.serve(Config{})
	for range all {
		k.reply()
	}
	k.send(getAttr(10))
	if _, unique := k.reply(); unique != 10 {
		t.Errorf("reply to %d, want 10", unique)
	}
	k.awaitEmpty()
	k.end()
}

// TestTakeOverByResend: the kernel is asked once, and the table is left alone.
func TestTakeOverByResend(t *testing.T) {
	if !resendIsSafe(release()) {
		t.Skip("not on kernel " + release())
	}
	for _, only := range []bool{false, true} {
		k := newKernel(t)
		k.begin(fuse.CAP_HAS_RESEND)
		k.leave(getAttr(10))
		k.serve(Config{TableOnly: only})
		code, unique := k.reply()
		if only && (code != 0 || unique != 10) || !only && (code != 7 || unique != 0) {
			t.Errorf("TableOnly %v: first reply has code %d to %d", only, code, unique)
		}
		if !only {
			k.send(getAttr(10 | inflight.Resent))
			if code, unique := k.reply(); code != 0 || unique != 10|inflight.Resent {
				t.Errorf("reply to what was sent again: %d to %#x", code, unique)
			}
		}
		k.awaitEmpty()
		k.end()
	}
}

// TestDrain: a worker that is drained answers what it has, and leaves what comes later.
func TestDrain(t *testing.T) {
	k := newKernel(t)
	k.begin(0)
	k.serve(Config{})
	k.send(getAttr(10))
	if _, unique := k.reply(); unique != 10 {
		t.Errorf("reply to %d, want 10", unique)
	}
	close(k.drain)
	if err := <-k.ended; err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
	k.send(getAttr(12))
	p := make([]byte, inflight.SlotSize)
	if _, err := unix.Read(k.device, p); err != nil || request(p).unique() != 12 {
		t.Errorf("the next worker reads %d, %v, want 12", request(p).unique(), err)
	}
	k.awaitEmpty()
	k.close()
}

func TestReplay(t *testing.T) {
	k := newKernel(t)
	k.begin(fuse.CAP_ASYNC_READ | fuse.CAP_READDIRPLUS | fuse.CAP_PARALLEL_DIROPS)
	init, reply, err := k.table.Init()
	if err != nil {
		t.Fatal(err)
	}
	if err := k.server.Check(k.table); err != nil {
		t.Errorf("Check by the same server = %v", err)
	}
	tests := []struct {
		what   string
		change func(*fuse.MountOptions)
		ok     bool
	}{
		{"more capabilities", func(o *fuse.MountOptions) { o.EnableLocks = true }, true},
		{"more in the background", func(o *fuse.MountOptions) { o.MaxBackground = 7 }, true},
		{"less capabilities", func(o *fuse.MountOptions) { o.DisabledCapabilities = fuse.CAP_READDIRPLUS }, false},
		{"smaller requests", func(o *fuse.MountOptions) { o.MaxWrite = 1 << 16 }, false},
	}
	for _, tt := range tests {
		options := k.server.options()
		tt.change(options)
		err := replay(fuse.NewProtocolServer(k.server.handlers(), options), init, reply)
		if (err == nil) != tt.ok || err != nil && !strings.Contains(err.Error(), "unmount and mount again") {
			t.Errorf("%s: replay = %v, want success %v", tt.what, err, tt.ok)
		}
	}
	if err := replay(k.server.protocol(), init[:10], reply); err == nil {
		t.Error("replay of a short INIT = nil error")
	}
	if old := narrow(init[:unsafe.Offsetof(fuse.InitIn{}.Flags2)], reply); len(old) != int(unsafe.Offsetof(fuse.InitIn{}.Flags2)) {
		t.Errorf("narrow makes %d bytes of an old kernel's INIT", len(old))
	}
	if !slices.Equal(narrow(init, reply)[:headerSize], init[:headerSize]) {
		t.Error("narrow changes the header")
	}
}
