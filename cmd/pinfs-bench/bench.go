package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/result"
)

// bench is one run of the harness.
type bench struct {
	cfg  config
	self string    // this program
	tmp  string    // directory that is removed in the end
	log  io.Writer // progress
}

// measure does all that is configured and writes the report.
func measure(ctx context.Context, cfg config, stdout, stderr io.Writer) (err error) {
	b, err := newBench(cfg, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.tmp)) }()
	res := result.Result{Machine: result.Here(time.Now()), Command: cfg.command}
	for _, block := range cfg.blocks {
		i, err := b.image(ctx, block)
		if err != nil {
			return err
		}
		for _, where := range cfg.settings {
			s, err := b.setting(ctx, where, i)
			if err != nil {
				return err
			}
			res.Settings = append(res.Settings, s)
		}
	}
	return write(cfg, res, stdout)
}

func newBench(cfg config, log io.Writer) (*bench, error) {
	for _, dir := range []*string{&cfg.work, &cfg.out} {
		if err := os.MkdirAll(*dir, 0o755); err != nil {
			return nil, err
		}
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return nil, err
		}
		*dir = abs
	}
	tmp, err := os.MkdirTemp(cfg.work, "run-")
	// The path stays right when the file is replaced by a newer one.
	return &bench{cfg, fmt.Sprintf("/proc/%d/exe", os.Getpid()), tmp, log}, err
}

// say tells of progress.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// dir makes a new directory.
func (b *bench) dir(name string) (string, error) { return os.MkdirTemp(b.tmp, name+"-") }
