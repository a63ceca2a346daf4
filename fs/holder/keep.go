package holder

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"
)

// keep returns when the mount has gone, or when hurry says not to wait for its last user, or for what
// covers it; then no worker is left. When ctx ends it unmounts, and waits for that.
func (h *hold) keep(ctx context.Context, hurry <-chan struct{}) error {
	defer func() { h.change.end(h.worker) }()
	ending := ctx.Done()
	h.dog.begin(h.spec.Look, h.spec.Patience)
	for {
		select {
		case <-h.workerEnded():
			h.lost()
		case <-h.change.gone():
			return h.cut()
		case <-h.change.pause:
			h.call(nil)
		case <-h.change.patience:
			h.refuse()
		case s := <-h.change.prepared:
			h.handOver(s)
		case s := <-h.change.served:
			h.welcome(s)
		case <-h.dog.next:
			h.look()
		case <-h.dog.answered:
			h.dog.well()
		case <-h.dog.late:
			h.unanswered()
		case o := <-h.orders:
			h.obey(o)
		case <-ending:
			ending = nil
			if err := h.leave(); err != nil {
				return err
			}
		case <-h.ending.again:
			if err := h.leave(); err != nil {
				return err
			}
		case <-hurry:
			return h.unmount()
		}
	}
}

// workerEnded closes with the worker that serves; nil, which never does, if there is none.
func (h *hold) workerEnded() <-chan struct{} {
	if h.worker == nil {
		return nil
	}
	return h.worker.ended
}

// lost is called when the worker has ended.
func (h *hold) lost() {
	w := h.worker
	w.link.close()
	h.worker = nil
	lived := time.Since(w.since)
	if w == h.dog.killed {
		lived = 0 // it did not answer
	}
	h.bereft(cmp.Or(w.err, errUncalled), lived)
}

// errUncalled is why a worker ended that has not failed: after an unmount, as a rule.
var errUncalled = errors.New("worker ended by itself")

// bereft sees to it that another worker comes after one that had served for lived.
func (h *hold) bereft(why error, lived time.Duration) {
	h.change.leave(h.dev, h.table)
	if gone(h.dev) {
		return // the stand-in notices it as well
	}
	h.record.WorkerPID, h.record.LastEnd, h.record.LastEndAt = 0, why.Error(), time.Now()
	h.record.Restarts++
	h.note()
	if h.change.abandon != nil {
		time.AfterFunc(bothWithin, h.change.abandon) // too late, as a rule
	}
	pause := h.change.plan(lived, h.spec.Patience)
	slog.Warn("worker ended, another one takes over", "mountpoint", h.spec.Mountpoint, "err", why, "restarts", h.record.Restarts, "pause", pause)
	h.endOverdue()
}

// note writes the record.
func (h *hold) note() {
	if err := h.claim.Write(h.record); err != nil {
		slog.Warn("run directory", "mountpoint", h.spec.Mountpoint, "err", err)
	}
}

// endOverdue refuses the requests that several workers in turn have not answered: one may be what
// they die of.
func (h *hold) endOverdue() {
	left, err := h.table.Unanswered()
	if err != nil {
		slog.Error("table of requests", "mountpoint", h.spec.Mountpoint, "err", err)
		return
	}
	for _, r := range h.change.overdue(left, h.spec.Patience) {
		slog.Error("a request outlived its workers and ends with EIO", "mountpoint", h.spec.Mountpoint, "opcode", r.Opcode)
		refuse(int(h.dev), r)
		_ = h.table.Clear(r) // it is ours, it does not fail
	}
}

// refuse ends requests that have waited too long for a worker, and all others until one comes.
func (h *hold) refuse() {
	h.change.patience = nil
	if h.change.standIn == nil {
		return // one is just taking over; if it fails there is no more patience either
	}
	slog.Error("no worker has come up in time: reads end with EIO until one does", "mountpoint", h.spec.Mountpoint,
		"n", h.record.Restarts, "err", h.record.LastEnd)
	h.change.standIn.refuse()
}
