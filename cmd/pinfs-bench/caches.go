package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// dropCaches empties the page cache and the kernel's caches of names and inodes.
func dropCaches(ctx context.Context) error {
	if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("3\n"), 0); err != nil {
		return fmt.Errorf("%w: caches can only be dropped by root, outside of containers", err)
	}
	// What is measured is the mount, not how fast the tool is read from the disk.
	return exec.CommandContext(ctx, "find", os.DevNull, "-ls").Run()
}

// drops is how often the kernel's caches were dropped since it booted.
func drops() (n int64, err error) {
	b, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		var once int64
		for _, counter := range []string{"drop_pagecache", "drop_slab"} {
			if _, err := fmt.Sscanf(line, counter+" %d", &once); err == nil {
				n += once
			}
		}
	}
	return n, nil
}
