// Command xzbench compares the xz decoder of this repository with its peers, on real blocks.
//
// It packs trees of this machine with mksquashfs, takes the blocks of 128 KiB out of the images and
// lets each decoder decode all of them, in rounds that take turns, on one core. What it prints is
// the median rate of each in bytes of output a second of that core's time, and its ratio to liblzma's
// in the same run.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
)

func main() {
	rounds := flag.Int("rounds", 9, "rounds of each decoder")
	flag.IntVar(&maxBlocks, "blocks", 160, "blocks of each class to decode in a round")
	purego := flag.String("purego", "", "this command, built with -tags purego, to compare too")
	dir := flag.String("dir", "", "where images are kept for the next time (default: nowhere)")
	serve := flag.String("serve", "", "only time the decoder of this build with the images of this directory, as standard input asks")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	if err := run(*rounds, *purego, *dir, *serve); err != nil {
		fmt.Fprintln(os.Stderr, "xzbench:", err)
		os.Exit(1)
	}
}

func run(rounds int, purego, dir, serve string) error {
	if serve != "" {
		return answer(serve, os.Stdin, os.Stdout)
	}
	if dir == "" {
		tmp, err := os.MkdirTemp("", "xzbench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	}
	peers := []peer{local("liblzma", liblzma), local("pinfs", pinfs)}
	if purego != "" {
		child, err := start(purego, dir)
		if err != nil {
			return err
		}
		defer child.stop()
		peers = append(peers, child)
	}
	peers = append(peers, local("xi2", xi2), local("ulikunitz", ulikunitz))
	return table(os.Stdout, dir, peers, rounds)
}
