package main

import (
	"io"
	"os"
	"sync"

	"github.com/pinfs/pinfs/fetch/publish"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress shows one bar a phase on a terminal, and nothing elsewhere.
type progress struct {
	bars *mpb.Progress // nil = nobody watches
	mu   sync.Mutex
	of   map[publish.Phase]*mpb.Bar // guarded by mu
}

func (a *app) progress() *progress {
	if !isTerminal(a.stderr) {
		return &progress{}
	}
	return &progress{bars: mpb.New(mpb.WithOutput(a.stderr), mpb.WithWidth(48)), of: map[publish.Phase]*mpb.Bar{}}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// step is a publish.Progress.
func (p *progress) step(phase publish.Phase, n, total int64) {
	if p.bars == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	bar, ok := p.of[phase]
	if !ok {
		bar = p.bars.AddBar(total,
			mpb.PrependDecorators(decor.Name(string(phase), decor.WC{W: 7, C: decor.DindentRight})),
			mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f"), decor.Name("  "),
				decor.AverageSpeed(decor.SizeB1024(0), "% .1f"), decor.Name("  "), decor.AverageETA(decor.ET_STYLE_GO)))
		p.of[phase] = bar
	}
	bar.IncrInt64(n)
}

// wait leaves the bars as they are and ends drawing.
func (p *progress) wait() {
	if p.bars == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, bar := range p.of {
		bar.Abort(false) // does nothing to a bar that is complete
	}
	p.bars.Wait()
}
