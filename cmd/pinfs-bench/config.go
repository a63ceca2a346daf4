package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/peer"
)

// config is what the command line says.
type config struct {
	pinfs        string        // binary
	tree, image  string        // what to measure with; "" for a tree that is made
	scale        float64       // of that tree
	blocks       []string      // as mksquashfs takes them
	settings     []string      // local, s3
	peers        []string      // nil for all
	workloads    []string      // names of stories
	rounds       int           //
	delay        time.Duration // of the S3 server's answers
	random       int           // pages
	compilations int           //
	work         string        // directory: images, which are kept, and what is removed in the end
	out          string        // directory of the report
	docs         string        // file whose section is rewritten; "" for none
	command      string        // the command line itself
}

// parse reads the command line.
func parse(args []string, stderr io.Writer) (cfg config, err error) {
	f := flag.NewFlagSet("pinfs-bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&cfg.pinfs, "pinfs", "", "the `binary` to measure (default: the one beside this program, or in PATH)")
	f.StringVar(&cfg.tree, "tree", "", "make the images of this `directory` instead of a synthetic one")
	f.StringVar(&cfg.image, "image", "", "measure with this squashfs `file` instead")
	f.Float64Var(&cfg.scale, "scale", 0.5, "size of the synthetic tree; 1 has 68,000 entries and 350 MB")
	f.IntVar(&cfg.rounds, "rounds", 3, "how often each measurement is made")
	f.DurationVar(&cfg.delay, "delay", 10*time.Millisecond, "what the answers of the S3 server take longer")
	f.IntVar(&cfg.random, "random", 300, "random reads of 4 KiB")
	f.IntVar(&cfg.compilations, "compilations", 60, "compilations of the trace; each reads 72 headers")
	f.StringVar(&cfg.work, "work", "bin/bench", "`directory` for images, which are kept there, and temporary files; on a disk")
	f.StringVar(&cfg.out, "out", "bin/bench", "`directory` to write report.txt, report.md, report.json and charts to")
	f.StringVar(&cfg.docs, "docs", "", "also rewrite the section in this Markdown `file`, charts in bench/ beside it")
	blocks := f.String("block", "128K", "`sizes` of the images' blocks, with commas between")
	settings := f.String("settings", "local,s3", "where the image lies: local, s3")
	workloads := f.String("workloads", strings.Join(storyNames(), ","), "what is done")
	peers := f.String("peers", "", "who is measured, of "+strings.Join(allPeers(), ", ")+" (default all)")
	if err := f.Parse(args[1:]); err != nil {
		return cfg, err
	}
	if f.NArg() > 0 {
		return cfg, fmt.Errorf("argument %q: there are only flags, see --help", f.Arg(0))
	}
	cfg.blocks, cfg.settings, cfg.workloads, cfg.peers = list(*blocks), list(*settings), list(*workloads), list(*peers)
	cfg.command = strings.Join(append([]string{filepath.Base(args[0])}, args[1:]...), " ")
	return cfg, cfg.complete()
}

func list(text string) []string {
	return slices.DeleteFunc(strings.Split(text, ","), func(s string) bool { return s == "" })
}

func allPeers() (names []string) {
	for _, name := range append(peer.Names(peer.Local), peer.Names(peer.S3)...) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// complete checks the configuration and finds the binary.
func (c *config) complete() error {
	for _, l := range []struct {
		flag       string
		got, known []string
	}{
		{"settings", c.settings, []string{"local", "s3"}},
		{"workloads", c.workloads, storyNames()},
		{"peers", c.peers, allPeers()},
	} {
		for _, name := range l.got {
			if !slices.Contains(l.known, name) {
				return fmt.Errorf("--%s: %q is not known; known are %s", l.flag, name, strings.Join(l.known, ", "))
			}
		}
	}
	if c.rounds < 1 || c.scale <= 0 || c.random < 1 || c.compilations < 1 || c.delay < 0 || len(c.blocks) == 0 {
		return errors.New("--rounds, --scale, --random, --compilations and --block must be positive, --delay not negative")
	}
	if c.tree != "" && c.image != "" {
		return errors.New("--tree and --image: give one of them")
	}
	return c.findPinfs()
}

// findPinfs makes the path of the binary absolute.
func (c *config) findPinfs() (err error) {
	if c.pinfs == "" {
		c.pinfs = "pinfs"
		if self, err := os.Executable(); err == nil {
			if beside := filepath.Join(filepath.Dir(self), "pinfs"); exists(beside) {
				c.pinfs = beside
			}
		}
	}
	if c.pinfs, err = exec.LookPath(c.pinfs); err != nil {
		return fmt.Errorf("no pinfs to measure: %w; make build, or name it with --pinfs", err)
	}
	c.pinfs, err = filepath.Abs(c.pinfs)
	return err
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
