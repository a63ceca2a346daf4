package holder

import (
	"errors"
	"log/slog"
)

// mend makes the run directory again if somebody has removed it: a worker needs it, and commands know the
// mount by it. It reports whether it had to.
func (h *hold) mend() bool {
	if h.change.coming {
		return false // a worker is coming up in what there is
	}
	removed, err := h.claim.Mend()
	if err == nil && removed {
		err = errors.Join(h.openLog(), h.claim.Write(h.record))
		h.takeOrders()
	}
	switch {
	case err != nil:
		h.complain("the run directory can not be made again", err)
	case removed:
		slog.Warn("somebody has removed the run directory: it is made again", "mountpoint", h.spec.Mountpoint)
	}
	return removed && err == nil
}

// look is called once a minute: whoever serves then has no run directory any more gives way to one that has.
func (h *hold) look() {
	h.trimLog()
	if h.mend() && h.worker != nil {
		h.call(nil)
	}
	h.dog.ask(h.at)
}
