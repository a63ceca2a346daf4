package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/gateway"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/peer"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/result"
	"github.com/pinfs/pinfs/integration/s3server"
)

// place is an image at one place, while it is measured there.
type place struct {
	*bench
	image peer.Image
	list  string
	peers []peer.Peer // who takes part

	patience int // how often a measurement that was disturbed is still made again
	found    result.Setting
}

// setting measures one image at one place.
func (b *bench) setting(ctx context.Context, where string, i image) (s result.Setting, err error) {
	p := &place{bench: b, list: i.list, image: peer.Image{File: i.file, Pinfs: b.cfg.pinfs, Self: b.self, Work: b.tmp}}
	p.found = result.Setting{Name: name(where, i.told.Block, b.cfg.blocks), Title: "A file on this machine", Image: i.told}
	p.peers = peer.Local
	if where == "s3" {
		p.peers, p.found.Title = peer.S3, fmt.Sprintf("An object on an S3 server, whose answers take %s longer", b.cfg.delay)
		if p.image.S3, err = b.gateway(ctx); err != nil {
			return p.nobody(err)
		}
		defer p.image.S3.Stop()
	}
	p.choose()
	if err := p.publish(ctx, where); err != nil {
		return s, err
	}
	if err := p.verify(ctx); err != nil {
		return s, err
	}
	if err := p.record(ctx); err != nil {
		return s, err
	}
	if err := p.rounds(ctx); err != nil {
		return s, err
	}
	return p.found, p.found.Check()
}

// name is that of a setting, with the block size if there are several.
func name(where, block string, blocks []string) string {
	if len(blocks) > 1 {
		return where + "-" + strings.ToLower(block)
	}
	return where
}

// nobody is a setting that can not be had for a reason.
func (p *place) nobody(reason error) (result.Setting, error) {
	if errors.Is(reason, context.Canceled) {
		return p.found, reason
	}
	for _, peer := range p.peers {
		p.skip(peer, reason.Error())
	}
	return p.found, nil
}

// skip notes why a peer is not measured.
func (p *place) skip(peer peer.Peer, reason string) {
	p.say("%s: %s is not measured: %s", p.found.Name, peer.Name, reason)
	p.found.Missing = append(p.found.Missing, result.Missing{Name: peer.Name, Reason: reason})
}

// choose drops the peers that are not asked for, and those that can not be had.
func (p *place) choose() {
	all := p.peers
	p.peers = nil
	for _, peer := range all {
		reason := peer.Missing()
		if len(p.cfg.peers) > 0 && !slices.Contains(p.cfg.peers, peer.Name) {
			reason = "not asked for"
		}
		if reason != "" {
			p.skip(peer, reason)
			continue
		}
		p.peers = append(p.peers, peer)
	}
}

// gateway starts the S3 server.
func (b *bench) gateway(ctx context.Context) (*gateway.Gateway, error) {
	binary, err := s3server.Built(s3server.Versitygw)
	if err != nil {
		return nil, err
	}
	dir, err := b.dir("s3")
	if err != nil {
		return nil, err
	}
	return gateway.Start(ctx, binary, dir, b.cfg.delay)
}

// publish has pinfs publish the image where it is to be measured, and notes what it is called there.
func (p *place) publish(ctx context.Context, where string) error {
	store := "s3://bench/image"
	if where == "local" {
		dir, err := p.dir("store")
		if err != nil {
			return err
		}
		store = "file://" + dir + "//image"
	}
	p.say("%s: publish", p.found.Name)
	out, err := output(ctx, p.image.Command(ctx, "publish", p.image.File, store))
	if err != nil {
		return fmt.Errorf("pinfs publish: %w", err)
	}
	p.image.Ref = strings.TrimSpace(string(out))
	_, pin, _ := strings.Cut(p.image.Ref, "@fsverity-sha256:")
	p.image.Key = filepath.Join(".pinfs/images", pin, "image")
	return nil
}

// output runs c, a command that ends with ctx, and returns what it prints.
func output(ctx context.Context, c *exec.Cmd) ([]byte, error) {
	out, err := c.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return out, err
}
