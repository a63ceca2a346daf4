package work

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/tree"
)

// Child is the argument that makes this program call Serve.
const Child = "_work"

// Run has another process of this program, at self, do the job: its processor time is the job's.
func (j Job) Run(ctx context.Context, self string) (d Done, err error) {
	order, err := json.Marshal(j)
	if err != nil {
		return d, err
	}
	var out, complaints bytes.Buffer
	c := exec.CommandContext(ctx, self, Child)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(order), &out, &complaints
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Run(); err != nil {
		if ctx.Err() != nil {
			return d, ctx.Err()
		}
		return d, fmt.Errorf("%w: %s", err, strings.TrimSpace(complaints.String()))
	}
	return d, json.Unmarshal(out.Bytes(), &d)
}

// Serve does the job that comes through in and says on out what it did.
func Serve(in io.Reader, out io.Writer) error {
	var j Job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return err
	}
	list, err := tree.Load(j.List)
	if err != nil {
		return err
	}
	d, err := j.Do(list)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(d)
}
