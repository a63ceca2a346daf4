package holder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// order is what a command asks of a holder: to go on as another version.
type order struct {
	executable string // absolute path
	link       *link  // to the command, which waits for the outcome
}

// report tells the command how it ended.
func (o *order) report(err error) {
	m := message{Event: ready}
	if err != nil {
		m = message{Event: failed, Error: portable(err)}
	}
	_ = o.link.send(m, nil) // who has gone does not want to know
	o.link.close()
}

// onEnd calls gone when the command does not wait any more.
func (o *order) onEnd(gone func()) {
	_, _, _ = o.link.receive() // it sends nothing more
	gone()
}

// takeOrders listens for commands until the end of the mount, and not where it did before.
func (h *hold) takeOrders() {
	if h.ear != nil {
		h.ear.Close()
	}
	socket := h.claim.Place().Control()
	err := os.RemoveAll(socket)
	var l *net.UnixListener
	if err == nil {
		l, err = net.ListenUnix("unixpacket", &net.UnixAddr{Name: socket, Net: "unixpacket"})
	}
	if err != nil {
		slog.Warn("no upgrade will be possible", "mountpoint", h.spec.Mountpoint, "err", err)
		return
	}
	l.SetUnlinkOnClose(false) // by the end another mount may have one of that name
	_ = os.Chmod(socket, 0o600)
	h.ear = l
	life := h.change.life
	context.AfterFunc(life, func() { l.Close() })
	go func() {
		for {
			conn, err := l.AcceptUnix()
			if err != nil {
				return
			}
			go h.hear(life, &link{conn})
		}
	}()
}

// hear takes one command's order.
func (h *hold) hear(life context.Context, l *link) {
	const within = 5 * time.Second
	_ = l.conn.SetDeadline(time.Now().Add(within))
	m, _, err := l.receive()
	if err == nil && !l.trusted() {
		err = errors.New("only the user who mounted, or root, can give orders")
	}
	if err == nil && (m.Event != upgrade || !filepath.IsAbs(m.Executable)) {
		err = fmt.Errorf("order %q of %q is not understood", m.Event, m.Executable)
	}
	_ = l.conn.SetDeadline(time.Time{})
	o := &order{executable: m.Executable, link: l}
	if err != nil {
		o.report(err)
		return
	}
	select {
	case h.orders <- o:
	case <-life.Done():
		l.close()
	}
}

// trusted reports whether the process at the other end may tell us what to execute.
func (l *link) trusted() bool {
	raw, err := l.conn.SyscallConn()
	if err != nil {
		return false
	}
	var peer *unix.Ucred
	_ = raw.Control(func(fd uintptr) { peer, _ = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	return peer != nil && (peer.Uid == 0 || int(peer.Uid) == os.Geteuid())
}
