package file

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path"
	"sync"
	"syscall"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// creators is how many create one file at the same time.
const creators = 8

// maxSkew is how far the clock of a file server may be off before somebody should look at it.
const maxSkew = 15 * time.Minute

// Probe finds out by trying what the filesystem honours. It makes a few tiny files whose keys begin with
// prefix, and removes them, be ctx cancelled or not. An error without Capabilities says why nothing
// could be tried; one with them, what is left behind.
func (s *Store) Probe(ctx context.Context, prefix string) (fetch.Capabilities, error) {
	root, err := s.root(ctx, prefix+"x")
	if err != nil {
		return nil, explain("probe", s.URL(), err)
	}
	defer root.Close()
	_, markErr := root.Lstat(marker)
	p := &probe{s, root, prefix + rand.Text() + "-"}
	found, err := p.try(ctx)
	cleanErr := p.clean()
	if errors.Is(markErr, iofs.ErrNotExist) { // it is no store only because it was asked
		root.Remove(tempDir)
		root.Remove(marker)
	}
	if err != nil {
		return nil, explain("probe", s.URL(), err)
	}
	return found, cleanErr
}

// probe is one run of Probe.
type probe struct {
	s    *Store
	root *os.Root
	run  string // the beginning of its keys
}

func (p *probe) try(ctx context.Context) (fetch.Capabilities, error) {
	put, err := p.twice(ctx)
	if err != nil {
		return nil, err
	}
	race, err := p.race(ctx)
	if err != nil {
		return nil, err
	}
	list, clock, err := p.list(ctx)
	if err != nil {
		return nil, err
	}
	durable, err := p.durable()
	return fetch.Capabilities{
		fetch.ConditionalPut: put, fetch.CreateRace: race, fetch.ListAfterPut: list, fetch.Clock: clock, fetch.Durable: durable,
		fetch.Versions: {Support: fetch.Absent, Detail: "a directory keeps no versions"},
	}, err
}

// create is Create without looking first.
func (p *probe) create(ctx context.Context, key string, content []byte) error {
	temp, _, err := writeTemp(ctx, p.root, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	defer p.root.Remove(temp)
	return publish(ctx, p.root, temp, key)
}

// twice creates one file and then another one of the same name.
func (p *probe) twice(ctx context.Context) (fetch.Finding, error) {
	key := p.run + "put"
	if err := p.create(ctx, key, []byte("first")); err != nil {
		return fetch.Finding{}, err
	}
	err := p.create(ctx, key, []byte("second"))
	if err != nil && !errors.Is(err, iofs.ErrExist) {
		return fetch.Finding{}, err
	}
	return p.kept(ctx, key, "first", err == nil)
}

// kept is honoured if the file at key has the content of the one that won.
func (p *probe) kept(ctx context.Context, key, want string, twice bool) (fetch.Finding, error) {
	got, err := p.s.get(ctx, key, 100)
	if err != nil {
		return fetch.Finding{}, err
	}
	if twice || string(got.bytes) != want {
		return fetch.Finding{Support: fetch.Ignored, Detail: "a link replaces what is there"}, nil
	}
	return fetch.Finding{Support: fetch.Honoured}, nil
}

// race has several create the same file.
func (p *probe) race(ctx context.Context) (fetch.Finding, error) {
	var (
		key    = p.run + "race"
		errs   [creators]error
		group  sync.WaitGroup
		winner string
		won    int
	)
	for i := range errs {
		group.Go(func() { errs[i] = p.create(ctx, key, fmt.Append(nil, i)) })
	}
	group.Wait()
	for i, err := range errs {
		switch {
		case err == nil:
			winner, won = fmt.Sprint(i), won+1
		case !errors.Is(err, iofs.ErrExist):
			return fetch.Finding{}, err
		}
	}
	f, err := p.kept(ctx, key, winner, won != 1)
	f.Detail = fmt.Sprintf("%d of %d won", won, creators)
	return f, err
}

// list looks for a file that was just made, and at its time.
func (p *probe) list(ctx context.Context) (list, clock fetch.Finding, err error) {
	key := p.run + "list"
	if err := p.create(ctx, key, []byte("listed")); err != nil {
		return list, clock, err
	}
	now := time.Now()
	list, clock = fetch.Finding{Support: fetch.Ignored, Detail: "does not list it"}, fetch.Finding{Support: fetch.Unknown}
	for e, err := range p.s.List(ctx, key) {
		if err != nil {
			return list, clock, err
		}
		list, clock = fetch.Finding{Support: fetch.Honoured}, fetch.ClockFinding(e.Modified.Sub(now), maxSkew)
	}
	return list, clock, nil
}

// durable asks for names to be forced to the disk; that bytes are was needed before.
func (p *probe) durable() (fetch.Finding, error) {
	d, err := p.root.Open(path.Dir(p.run))
	if err != nil {
		return fetch.Finding{}, err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) {
		return fetch.Finding{Support: fetch.Ignored, Detail: "fsync of a directory is not possible"}, nil
	}
	return fetch.Finding{Support: fetch.Honoured}, err
}

// clean removes the files of this run.
func (p *probe) clean() (err error) {
	ctx := context.Background()
	for _, name := range []string{"put", "race", "list"} {
		err = errors.Join(err, p.s.Remove(ctx, p.run+name))
	}
	return err
}
