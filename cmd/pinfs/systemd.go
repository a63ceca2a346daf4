package main

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/pinfs/pinfs/fs/status"
)

// notifySystemd tells a service manager, if there is one, that the mount at dir can be used, and then, if
// it wants to hear that (WatchdogSec), that its worker is alive. Whoever does not listen misses nothing.
func notifySystemd(ctx context.Context, dir string) {
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady)
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every <= 0 {
		return
	}
	go func() {
		for ctx.Err() == nil {
			if d, err := status.Of(ctx, dir); err == nil && d.State != status.Unresponsive {
				_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog)
			}
			time.Sleep(every / 3)
		}
	}()
}
