package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/file"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/retry"
	"github.com/pinfs/pinfs/fetch/s3"
	"github.com/pinfs/pinfs/fetch/verify"
)

// patience is how long a person waits for a store that does not answer; reads of a mount wait for
// the whole timeout.
const patience = 5 * time.Second

// store opens a store by its URL, with retries that end after total.
func (a *app) store(url string, total time.Duration) (fetch.Store, error) {
	return a.retrying(url, retry.Config{Total: total})
}

func (a *app) retrying(url string, cfg retry.Config) (fetch.Store, error) {
	store, err := a.bareStore(url, min(cfg.Total, a.cfg.Timeout/3))
	if err != nil {
		return nil, err
	}
	return retry.NewStore(store, cfg), nil
}

// bareStore gives up a request to which nothing was answered for as long as stall.
func (a *app) bareStore(url string, stall time.Duration) (fetch.Store, error) {
	if dir, ok := strings.CutPrefix(url, "file://"); ok {
		return file.New(dir)
	}
	store, err := s3.New(s3.Config{
		Endpoint:        a.cfg.S3.Endpoint,
		Region:          a.cfg.S3.Region,
		Bucket:          strings.TrimPrefix(url, "s3://"),
		CAFile:          a.cfg.S3.CA,
		CredentialsFile: a.cfg.S3.CredentialsFile,
		Stall:           stall,
	})
	if err != nil && fetch.VerdictOf(err) == "" {
		return nil, &usageError{err} // nothing was sent yet: it is the configuration
	}
	return store, err
}

// reference reads an argument that names one image, and opens its store.
func (a *app) reference(arg string) (fetch.Store, record.Reference, error) {
	return a.referred(arg, 0)
}

// target is reference for who publishes: after an upload of hours one list that could not be had is asked
// for again. Who reads may have other places to go to.
func (a *app) target(arg string) (fetch.Store, record.Reference, error) {
	return a.referred(arg, min(patience, a.cfg.Timeout))
}

// referred repeats lists until that time is over.
func (a *app) referred(arg string, lists time.Duration) (fetch.Store, record.Reference, error) {
	ref, err := record.ParseReference(arg)
	if err != nil {
		return nil, ref, &usageError{err}
	}
	if ref, err = split(ref); err != nil {
		return nil, ref, err
	}
	if ref.Name == "" && ref.Pin.IsZero() {
		return nil, ref, usage("reference %q: it names a store, but no image; write %s//NAME", arg, ref.Store)
	}
	store, err := a.retrying(ref.Store, retry.Config{Total: min(patience, a.cfg.Timeout), Lists: lists})
	return store, ref, err
}

// prefix reads an argument that names a store or a part of it.
func (a *app) prefix(arg string) (fetch.Store, record.Reference, error) {
	ref, err := record.ParsePrefix(arg)
	if err != nil {
		return nil, ref, &usageError{err}
	}
	if ref, err = split(ref); err != nil {
		return nil, ref, err
	}
	store, err := a.store(ref.Store, min(patience, a.cfg.Timeout))
	return store, ref, err
}

// split finds where the directory of a file store ends, if the reference left that open.
func split(ref record.Reference) (record.Reference, error) {
	if ref.Path == "" {
		return ref, nil
	}
	dir, name, err := file.Find(ref.Path)
	if err != nil {
		return ref, err
	}
	ref.Store, ref.Path = "file://"+dir, ""
	if name == "" {
		return ref, nil
	}
	if ref.Name, err = record.ParseName(name); err != nil {
		return ref, &usageError{err}
	}
	return ref, nil
}

// resolve finds what a reference stands for.
func (a *app) resolve(ctx context.Context, arg string) (fetch.Store, catalog.Place, error) {
	store, ref, err := a.reference(arg)
	if err != nil {
		return nil, catalog.Place{}, err
	}
	place, err := catalog.New(store).Resolve(ctx, ref.Name, ref.Pin)
	return store, place, err
}

// open returns the verified image that a reference stands for, as its store has it.
func (a *app) open(ctx context.Context, arg string) (*verify.Object, catalog.Place, error) {
	store, place, err := a.resolve(ctx, arg)
	if err != nil {
		return nil, place, err
	}
	o, err := verify.Open(ctx, store, place.Pin, place.Image, place.Manifest, verify.Config{})
	return o, place, err
}

// openAnywhere returns the verified image that a reference stands for, from the cache or any source, of
// which each request ends within total.
func (a *app) openAnywhere(ctx context.Context, arg string, total time.Duration) (*opened, catalog.Place, error) {
	store, place, err := a.locate(ctx, arg)
	if err != nil {
		return nil, place, err
	}
	sources, err := sourcesOf(store, place, a.cfg.Sources)
	if err != nil {
		return nil, place, err
	}
	o, err := a.openImage(ctx, place.Pin, sources, total, nil)
	return o, place, err
}

// locate is resolve for who can do without the store: if it can not be asked, but the pin is given and
// the cache or another source may have the image, that is where to read it.
func (a *app) locate(ctx context.Context, arg string) (store string, place catalog.Place, err error) {
	s, ref, err := a.reference(arg)
	absent := err != nil // the directory of a store, such as one that is not mounted
	if err == nil {
		place, err = catalog.New(s).Resolve(ctx, ref.Name, ref.Pin)
	}
	if err == nil {
		return s.URL(), place, nil
	}
	store = cmp.Or(ref.Store, "file://"+ref.Path) // a path that was not found is not divided into store and name
	// An empty directory is what the store looks like where it is not mounted.
	lacks := absent || errors.Is(err, fetch.ErrUnavailable) || errors.Is(err, fetch.ErrDenied) || errors.Is(err, fetch.ErrNotFound)
	if !lacks || store == "file://" || ref.Pin.IsZero() || !a.mayHave(ref.Pin) {
		return "", place, err
	}
	fmt.Fprintf(a.stderr, "pinfs: going on without %s, since the pin is known: %s\n", store, oneLine(err))
	at, err := parseSource(store+"/", ref.Pin)
	return store, catalog.Place{Pin: ref.Pin, Name: ref.Name, Image: at.Image, Manifest: at.Manifest}, err
}

// mayHave reports whether there is a place beside the store from which pin may be read.
func (a *app) mayHave(pin fetch.Pin) bool {
	dir, err := a.cacheDir()
	if err != nil || dir == nil {
		return len(a.cfg.Sources) > 0
	}
	_, err = dir.Head(pin)
	return err == nil || len(a.cfg.Sources) > 0
}
