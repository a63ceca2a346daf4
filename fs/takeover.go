package fs

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/pinfs/pinfs/fs/inflight"
)

// begin answers the kernel's first request, or takes over from the process that did.
func (l *loop) begin(table *inflight.File) error {
	init, reply, err := table.Init()
	switch {
	case err != nil:
		return err
	case init == nil:
		return l.first(table)
	}
	if err := replay(l.proto, init, reply); err != nil {
		return err
	}
	l.takeOver(request(init))
	return nil
}

// first answers the INIT request, and keeps both for successors.
func (l *loop) first(table *inflight.File) error {
	slot, ok := l.table.Take()
	if !ok {
		return errors.New("fuse device: no slot for the first request")
	}
	defer l.table.Give(slot)
	defer slot.Clear()
	if err := l.read(slot.Buffer()); err != nil {
		return fmt.Errorf("first request: %w", err)
	}
	in := request(slot.Request())
	if op := in.opcode(); op != opInit {
		return fmt.Errorf("fuse device: first request has opcode %d, want %d", op, opInit)
	}
	reply, err := initialise(l.proto, in)
	if err != nil {
		return err
	}
	if err := table.KeepInit(in, reply); err != nil {
		return err
	}
	l.server.requests.Add(1)
	return l.write(reply)
}

// initialise gives proto the INIT request and returns the reply.
func initialise(proto *fuse.ProtocolServer, in request) ([]byte, error) {
	reply := make([]byte, smallReply)
	n, code := proto.HandleRequest([][]byte{in}, [][]byte{reply})
	if code != fuse.OK || n < replyHeaderSize+int(unsafe.Offsetof(fuse.InitOut{}.Flags2)) {
		return nil, fmt.Errorf("fuse device: INIT request of %d bytes is not understood (%v): the kernel is too old", len(in), code)
	}
	shrinkWrites(reply[:n])
	return reply[:n], nil
}

// Check reports whether a process with this server can go on with the connection that table is of. It
// changes nothing there.
func (s *Server) Check(table *inflight.File) error {
	init, reply, err := table.Init()
	if err != nil || init == nil {
		return err
	}
	return replay(s.protocol(), init, reply)
}

// replay brings proto to where the process was that got the INIT request and gave reply. The kernel
// goes by that reply for as long as the mount lives.
func replay(proto *fuse.ProtocolServer, init, reply []byte) error {
	if len(init) < int(unsafe.Offsetof(fuse.InitIn{}.Flags2)) || len(reply) < replyHeaderSize+int(unsafe.Sizeof(fuse.InitOut{})) {
		return fmt.Errorf("table of requests: INIT of %d bytes, reply of %d", len(init), len(reply))
	}
	ours, err := initialise(proto, narrow(init, reply))
	if err != nil {
		return err
	}
	if got, want := terms(ours), terms(reply); got != want {
		return fmt.Errorf("this version can not go on with what the mount's first one agreed on with the kernel (%+v, want %+v): unmount and mount again", got, want)
	}
	return nil
}

// initExt is FUSE_INIT_EXT, which says that there are flags in Flags2.
const initExt = 1 << 30

// narrow takes from the offers of the kernel those that the reply did not take: what is not on can not
// be turned on any more. So a later version that would make use of more can go on with less.
func narrow(init, reply []byte) request {
	in, agreed := initIn(init), initOut(reply)
	in.Flags &= agreed.Flags | initExt
	in.Flags2 &= agreed.Flags2
	return slices.Clone(raw(&in))[:min(len(init), int(unsafe.Sizeof(in)))]
}

// terms are the parts of the reply to INIT that the rest of the connection depends on. What is left
// out only tells the kernel how much to send at a time.
func terms(reply []byte) fuse.InitOut {
	out := initOut(reply)
	return fuse.InitOut{
		Major: out.Major, Minor: out.Minor, Flags: out.Flags, Flags2: out.Flags2, MaxWrite: out.MaxWrite,
		TimeGran: out.TimeGran, MaxPages: out.MaxPages, MapAlignment: out.MapAlignment, MaxStackDepth: out.MaxStackDepth,
	}
}

// initIn is an INIT request, of which an old kernel sends less.
func initIn(p []byte) (in fuse.InitIn) {
	copy(raw(&in), p)
	return in
}

// initOut is the body of a reply to INIT.
func initOut(reply []byte) (out fuse.InitOut) {
	copy(raw(&out), reply[replyHeaderSize:])
	return out
}

// raw is v as it lies in memory.
func raw[T any](v *T) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v)) }

// takeOver sees to what the process before left unanswered: the kernel sends it again, or it is in
// the table. What it had answered and not noted is refused by the kernel, with ENOENT.
func (l *loop) takeOver(init request) {
	left := l.table.Left()
	inherited := make(map[uint64]bool, len(left))
	for _, slot := range left {
		inherited[inflight.Header(slot.Request()).ID()] = true
	}
	l.server.inherited = inherited
	again := l.mayResend(init) && l.resend() == nil
	l.server.cfg.Log.Info("took over", "image", l.server.cfg.Name, "n", len(left), "resent", again)
	for _, slot := range left {
		if again {
			slot.Clear()
			l.table.Give(slot)
			continue
		}
		l.drain.enter()
		l.total.Add(1)
		l.all.Go(func() { l.run(slot, true) })
	}
}
