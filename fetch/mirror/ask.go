package mirror

import (
	"context"
	"time"

	"github.com/pinfs/pinfs/fetch/retry"
	"github.com/pinfs/pinfs/fetch/verify"
)

// job is what kind of thing is asked for.
type job struct {
	n    int     // leaves or hash blocks
	tree bool    // hash blocks
	last *member // the one to ask last, if any
}

// request gets something from one source.
type request[T any] func(ctx context.Context, o verify.Origin) (T, error)

// failure is what one source said instead of an answer.
type failure struct {
	of  *member
	err error
}

// ask sends op to one source after the other, round after round while that can help, and returns the
// first answer and whose it is.
func ask[T any](ctx context.Context, m *Mirror, j job, op request[T]) (v T, by *member, err error) {
	var failures []failure
	v, err = retry.Do(ctx, m.cfg.Rounds, func() (v T, err error) {
		for _, f := range failures { // of the last round
			if !f.of.again(ctx) {
				return v, reason(failures)
			}
		}
		if v, by, failures = race(ctx, m, j.n, m.order(j), op); by == nil {
			return v, reason(failures)
		}
		m.tell(failures)
		return v, nil
	})
	return v, by, err
}

// answer is what came of one request.
type answer[T any] struct {
	v   T
	err error
	of  *member
}

// race asks the members in their order: the next one once one has failed, or beside one that takes
// longer than it usually does. It returns as soon as one has answered.
func race[T any](ctx context.Context, m *Mirror, n int, order []*member, op request[T]) (v T, by *member, failures []failure) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan answer[T], len(order))
	var running []*member
	start := func() time.Duration {
		next := order[0]
		order, running = order[1:], append(running, next)
		usual := next.begin(n)
		m.running.Go(func() {
			a := answer[T]{of: next}
			a.v, a.err = timed(ctx, next, n, op)
			answers <- a
		})
		return usual
	}
	hedge := time.NewTimer(start())
	defer hedge.Stop()
	for len(running) > len(failures) {
		select {
		case a := <-answers:
			if a.err == nil {
				overtaken(running, failures, a.of)
				return a.v, a.of, failures
			}
			failures = append(failures, failure{a.of, a.err})
			if len(order) > 0 && ctx.Err() == nil {
				hedge.Reset(start())
			}
		case <-hedge.C:
			switch {
			case len(order) == 0 || ctx.Err() != nil:
			case order[0].spare():
				hedge.Reset(start())
			default:
				hedge.Reset(soonest)
			}
		}
	}
	return v, nil, failures
}

// timed sends op to a member, which learns from it.
func timed[T any](ctx context.Context, to *member, n int, op request[T]) (T, error) {
	begun := time.Now()
	v, err := op(ctx, to.source().Blocks)
	to.learn(ctx, n, time.Since(begun), err)
	return v, err
}

// overtaken notes of those that still run that another one, asked later, was first.
func overtaken(running []*member, failures []failure, first *member) {
	for _, r := range running {
		if r == first {
			return // the others were asked after it
		}
		if !hasFailed(failures, r) {
			r.slow()
		}
	}
}

func hasFailed(failures []failure, of *member) bool {
	for _, f := range failures {
		if f.of == of {
			return true
		}
	}
	return false
}

// tell reports the sources that failed where another one did not.
func (m *Mirror) tell(failures []failure) {
	for _, f := range failures {
		m.cfg.Failed(f.of.source().At, f.err)
	}
}
