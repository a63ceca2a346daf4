package main

import (
	"bufio"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	ulikunitzxz "github.com/ulikunitz/xz"
	xi2xz "github.com/xi2/xz"
	"golang.org/x/sys/unix"

	"github.com/pinfs/pinfs/squash/internal/codec/xz"
)

// peer is a decoder that takes part.
type peer interface {
	name() string
	// round decodes all blocks of a class and returns how much time of a core that took.
	round(class string, blocks []block) (time.Duration, error)
}

// decoder decodes one block to dst, which has exactly its size.
type decoder struct {
	label  string
	decode func(dst, src []byte) error
}

func local(name string, decode func(dst, src []byte) error) decoder { return decoder{name, decode} }

func (d decoder) name() string { return d.label }

// round compares what comes out with what should, outside of the time taken.
func (d decoder) round(_ string, blocks []block) (time.Duration, error) {
	dst := make([]byte, blockSize)
	var took time.Duration
	for i, b := range blocks {
		began := cpu()
		err := d.decode(dst, b.packed)
		took += cpu() - began
		if err != nil {
			return 0, fmt.Errorf("%s: block %d: %w", d.label, i, err)
		}
		if crc32.ChecksumIEEE(dst) != b.sum {
			return 0, fmt.Errorf("%s: block %d holds something else", d.label, i)
		}
	}
	return took, nil
}

// cpu is the time that all threads of this process have used, collecting garbage included: on a machine
// with other work to do it says more than the clock.
func cpu() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err) // Linux has that clock
	}
	return time.Duration(t.Nano())
}

func pinfs(dst, src []byte) error {
	n, err := xz.Decoder{}.Decode(dst, src)
	return whole(n, err)
}

func ulikunitz(dst, src []byte) error {
	r, err := ulikunitzxz.ReaderConfig{DictCap: blockSize, SingleStream: true}.NewReader(bytes.NewReader(src))
	if err != nil {
		return err
	}
	return whole(io.ReadFull(r, dst))
}

func xi2(dst, src []byte) error {
	r, err := xi2xz.NewReader(bytes.NewReader(src), 0)
	if err != nil {
		return err
	}
	return whole(io.ReadFull(r, dst))
}

func whole(n int, err error) error {
	if err == nil && n != blockSize {
		err = fmt.Errorf("%d bytes", n)
	}
	return err
}

// child is the decoder of another build, in a process of its own.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func start(program, dir string) (*child, error) {
	c := &child{cmd: exec.Command(program, "-blocks", strconv.Itoa(maxBlocks), "-serve", dir)}
	c.cmd.Stderr = os.Stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewScanner(out)
	return c, c.cmd.Start()
}

func (c *child) stop() error {
	c.in.Close()
	return c.cmd.Wait()
}

func (c *child) name() string { return "pinfs, purego" }

func (c *child) round(class string, _ []block) (time.Duration, error) {
	fmt.Fprintln(c.in, class)
	if !c.out.Scan() {
		return 0, fmt.Errorf("%s: no answer", c.cmd.Path)
	}
	ns, err := strconv.ParseInt(c.out.Text(), 10, 64)
	return time.Duration(ns), err
}

// answer is the other end of child: the name of a class a line, the nanoseconds of a round a line.
func answer(dir string, in io.Reader, out io.Writer) error {
	loaded := map[string][]block{}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		class := strings.TrimSpace(lines.Text())
		if loaded[class] == nil {
			blocks, err := load(imageOf(dir, class))
			if err != nil {
				return err
			}
			loaded[class] = blocks
		}
		took, err := local("pinfs", pinfs).round(class, loaded[class])
		if err != nil {
			return err
		}
		fmt.Fprintln(out, took.Nanoseconds())
	}
	return lines.Err()
}
