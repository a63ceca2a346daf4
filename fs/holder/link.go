package holder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// event is what a message says.
type event string

const (
	start    event = "start"    // down: here is the spec; for a worker with the table of requests
	prepared event = "prepared" // worker: the image is open and verified
	device   event = "device"   // holder: here is the mounted /dev/fuse
	serving  event = "serving"  // worker: the kernel's first request is answered
	drain    event = "drain"    // holder: answer what you have, then end
	upgrade  event = "upgrade"  // command: go on as that executable
	ready    event = "ready"    // holder: the mount can be used
	failed   event = "failed"   // up: here is why not
)

// message is one datagram between two processes.
type message struct {
	Event      event     `json:"event"`
	Spec       *Spec     `json:"spec,omitempty"`
	Run        string    `json:"run,omitempty"`        // run directory
	Started    time.Time `json:"started,omitzero"`     // when the mount began
	Executable string    `json:"executable,omitempty"` // absolute path
	Error      *Error    `json:"error,omitempty"`
}

// maxMessage bounds a message in bytes; the kernel's limit is near.
const maxMessage = 128 << 10

// inherited is the descriptor at which a started process finds its link.
const inherited = 3

// link is one end of a socket between two processes. One goroutine may send while another receives.
type link struct{ conn *net.UnixConn }

// newPair returns our end of a new link and the other one to give to a child.
func newPair() (*link, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "link")
	ours, err := newLink(fds[0])
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return ours, theirs, nil
}

// newLink takes fd over.
func newLink(fd int) (*link, error) {
	if kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_SEQPACKET {
		return nil, fmt.Errorf("descriptor %d is no link to a parent process: only pinfs itself can start this", fd)
	}
	file := os.NewFile(uintptr(fd), "link")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	return &link{conn.(*net.UnixConn)}, nil
}

func (l *link) close() { l.conn.Close() }

// send sends m, with a descriptor if file is not nil.
func (l *link) send(m message, file interface{ Fd() uintptr }) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if len(b) > maxMessage {
		return fmt.Errorf("message of %d bytes, at most %d fit", len(b), maxMessage)
	}
	var rights []byte
	if file != nil {
		rights = unix.UnixRights(int(file.Fd()))
	}
	_, _, err = l.conn.WriteMsgUnix(b, rights, nil)
	return err
}

// receive waits for the next message and its descriptor, none if it has none. It returns io.EOF when
// the other process has gone.
func (l *link) receive() (message, handle, error) {
	var m message
	b, rights := make([]byte, maxMessage), make([]byte, unix.CmsgSpace(4))
	n, nr, _, _, err := l.conn.ReadMsgUnix(b, rights)
	if errors.Is(err, unix.ECONNRESET) || err == nil && n == 0 {
		return m, none, io.EOF
	}
	if err != nil {
		return m, none, err
	}
	file, err := descriptor(rights[:nr])
	if err != nil {
		return m, none, err
	}
	return m, file, json.Unmarshal(b[:n], &m)
}

// descriptor takes the one descriptor out of a control message, if there is any.
func descriptor(control []byte) (handle, error) {
	if len(control) == 0 {
		return none, nil
	}
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil || len(messages) == 0 {
		return none, fmt.Errorf("control message: %w", err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) == 0 {
		return none, fmt.Errorf("control message: %w", err)
	}
	return handle(fds[0]), nil
}
