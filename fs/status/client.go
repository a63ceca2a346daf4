package status

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	iofs "io/fs"
	"net"
	"net/http"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/state"
)

// patience bounds the wait for one worker.
const patience = 5 * time.Second

// Of returns the document of the mount at dir. The error matches fetch.ErrNotFound if there is none.
func Of(ctx context.Context, dir string) (Document, error) {
	run, err := find(dir)
	if err != nil {
		return Document{}, err
	}
	return of(ctx, run)
}

// find returns the run directory of the mount at dir.
func find(dir string) (state.Dir, error) {
	mountpoint, err := state.Resolve(dir)
	if err != nil {
		return "", missing(dir, err)
	}
	run, err := state.Find(mountpoint)
	if at, found, mountErr := state.MountAt(mountpoint); err != nil && mountErr == nil && found && at.Type == state.FSType {
		return "", fmt.Errorf("%w: %s was mounted by another user or session: ask as that one (or its run directory was removed: ask again in a minute)", fetch.ErrNotFound, mountpoint)
	}
	if err != nil {
		return "", missing(dir, err)
	}
	return run, nil
}

// All returns the documents of all mounts of this user and of root, dead ones too.
func All(ctx context.Context) ([]Document, error) {
	runs, err := state.All()
	if err != nil {
		return nil, err
	}
	all := []Document{}
	for _, run := range runs {
		doc, err := of(ctx, run)
		if errors.Is(err, fetch.ErrNotFound) {
			continue // unmounted meanwhile
		}
		if ctx.Err() != nil {
			return all, ctx.Err()
		}
		if err != nil {
			continue // one that nobody can read is no reason to hide the others
		}
		all = append(all, doc)
	}
	return all, nil
}

// of asks the worker, or tells from the run directory alone why it can not be asked.
func of(ctx context.Context, run state.Dir) (Document, error) {
	record, err := run.Read()
	if errors.Is(err, iofs.ErrNotExist) {
		return Document{}, missing(string(run), err)
	}
	if err != nil {
		return Document{}, err
	}
	doc := Document{
		Mountpoint: record.Mountpoint, Source: record.Source, Ref: record.Source, Since: record.Started, State: Dead,
		HolderPID: record.HolderPID, WorkerPID: record.WorkerPID, Errors: []Failure{}, Log: run.Log(),
	}
	where := record.Where()
	doc.add(record)
	doc.Mountpoint = cmp.Or(where, record.Mountpoint)
	if !run.Held() {
		return doc, nil
	}
	told, err := ask[Document](ctx, run.Socket(), http.MethodGet, path)
	if now, err := run.Read(); err == nil {
		told.add(now) // a new worker may have come since record was read
	}
	told.Mountpoint = doc.Mountpoint
	switch {
	case err == nil && where != record.Mountpoint:
		told.Log = run.Log() // it may have stepped aside
		if where == "" {
			told.State = Detached
		}
		return told, nil
	case err == nil:
		return told, nil
	case ctx.Err() != nil:
		return doc, ctx.Err()
	case record.WorkerPID == 0:
		doc.State = Restarting
	case errors.Is(err, iofs.ErrNotExist):
		doc.State = Starting
	default:
		doc.State = Unresponsive
	}
	return doc, nil
}

// add tells what the holder knows of workers that have ended.
func (d *Document) add(r state.Record) {
	d.Restarts, d.LastEnd, d.LastEndAt = r.Restarts, r.LastEnd, r.LastEndAt
}

// ask gets what the worker behind socket answers.
func ask[T any](ctx context.Context, socket, method, path string) (told T, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true,
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://mount"+path, nil)
	if err != nil {
		return told, err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return told, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return told, fmt.Errorf("%s: %s", socket, answer.Status)
	}
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
		return told, fmt.Errorf("%s: %w", socket, err)
	}
	return told, nil
}

// missing says that pinfs has nothing at dir.
func missing(dir string, cause error) error {
	if !errors.Is(cause, iofs.ErrNotExist) {
		return cause
	}
	return fmt.Errorf("%s is no pinfs mount: %w", dir, fetch.ErrNotFound)
}
