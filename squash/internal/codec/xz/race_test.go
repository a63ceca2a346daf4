//go:build race

package xz

// The race detector makes sync.Pool forget things at random.
const raceEnabled = true
