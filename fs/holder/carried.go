package holder

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/fs/state"
)

// carried is what a holder tells itself when it becomes another version, by execve(2). Numbers of
// descriptors are -1 for none.
type carried struct {
	Version    int          `json:"version"` // of this format
	Spec       Spec         `json:"spec"`
	Background bool         `json:"background"`
	Score      score        `json:"score"`
	Record     state.Record `json:"record"`
	Mount      state.Mount  `json:"mount"`
	Run        state.Dir    `json:"run"`
	Lock       int          `json:"lock"`
	Device     int          `json:"device"`
	Table      int          `json:"table"`
	Worker     int          `json:"worker"` // link
	Order      int          `json:"order"`  // link
}

const (
	carriedVersion = 1
	// carriedIn names, in the environment, the descriptor of a file with that; rehearsal says that it
	// is only to be tried.
	carriedIn = "PINFS_HOLDER"
	rehearsal = "PINFS_HOLDER_REHEARSAL"
)

// file is c in a memory file, to be read from its beginning.
func (c carried) file() (*os.File, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("pinfs-holder", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "holder's memory")
	_, err = f.WriteAt(b, 0)
	return f, err
}

// rehearseWithin is far longer than it takes to read c.
const rehearseWithin = 10 * time.Second

// rehearse lets executable try whether it could become the holder that c is of.
func (c carried) rehearse(ctx context.Context, executable string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, rehearseWithin, fmt.Errorf("%s can not become the holder: it does not end within %v", executable, rehearseWithin))
	defer cancel()
	file, err := c.file()
	if err != nil {
		return err
	}
	defer file.Close()
	cmd := exec.CommandContext(ctx, executable, c.Spec.Holder...)
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{file}
	cmd.Env = append(environ(carriedIn, strconv.Itoa(inherited)), rehearsal+"=1")
	var said beginning
	cmd.Stderr, cmd.WaitDelay = &said, time.Second
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("%s can not become the holder: %w: %s", executable, err, strings.TrimSpace(string(said)))
	}
	return nil
}

// beginning keeps the first KiB of what is written.
type beginning []byte

func (b *beginning) Write(p []byte) (int, error) {
	*b = append(*b, p[:min(len(p), 1<<10-len(*b))]...)
	return len(p), nil
}
