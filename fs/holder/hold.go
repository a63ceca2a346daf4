package holder

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/pinfs/pinfs/fs/inflight"
	"github.com/pinfs/pinfs/fs/state"
)

// hold is one mount in the making and in use. One goroutine uses it, see keep.
type hold struct {
	spec       Spec
	background bool
	score      score

	claim  *state.Claim
	log    *os.File
	table  *inflight.File
	record state.Record
	at     state.Mount // our own mount, once it is there
	dev    handle      // and its device
	worker *worker     // nil while there is none
	change change      // of workers
	ending ending
	dog    watchdog
	orders chan *order
	ear    *net.UnixListener // for orders; nil if there can be none
}

// prepare starts the worker and waits until it has opened the image.
func (h *hold) prepare(ctx context.Context) error {
	h.log = os.Stderr
	if err := h.openLog(); err != nil {
		return err
	}
	var err error
	if h.table, err = inflight.Create(); err != nil {
		return err
	}
	h.record = state.Record{
		Mountpoint: h.spec.Mountpoint, Source: h.spec.Source, Started: time.Now(), HolderPID: os.Getpid(),
	}
	if h.worker, err = h.startWorker(ownExecutable); err != nil {
		return err
	}
	h.record.WorkerPID = h.worker.Pid
	if err = h.claim.Write(h.record); err == nil {
		err = h.worker.expect(ctx, prepared)
	}
	if err != nil {
		h.worker.kill()
	}
	return err
}

// mount mounts and waits until the worker serves.
func (h *hold) mount(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	dev, err := attach(h.spec)
	if err != nil {
		return err
	}
	var found bool
	if h.at, found, err = state.MountAt(h.spec.Mountpoint); err != nil || !found {
		dev.Close()
		return errors.Join(errors.New("the new mount is not in the mount table"), err, detach(h.spec.Mountpoint))
	}
	h.record.Device = h.at.Device
	if err = h.claim.Write(h.record); err == nil {
		err = h.worker.serve(ctx, dev)
	}
	if err != nil {
		dev.Close()
		return err
	}
	h.dev = dev
	raiseReadAhead(h.at.Device, h.spec.ReadAhead)
	h.begin()
	return nil
}

// begin makes ready for keep: from now on there can be orders.
func (h *hold) begin() {
	h.change.begin()
	h.orders = make(chan *order)
	h.takeOrders()
}
