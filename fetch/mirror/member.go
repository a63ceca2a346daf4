package mirror

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/pinfs/pinfs/fetch"
)

const (
	tolerated   = 3               // failures one after the other before a source is passed over
	shortRest   = time.Second     // for how long at first, doubled each time that it fails again,
	longestRest = time.Minute     // up to this
	repeats     = rate.Limit(10)  // repeated and hedged requests to one source a second
	burst       = 20              // of them at once
	otherBytes  = 5 * time.Minute // for how long one that was overwritten is passed over
)

// member is a source and what is known of its health: a circuit breaker and its latencies.
type member struct {
	is      atomic.Pointer[Source]
	repeats *rate.Limiter

	mu       sync.Mutex // guards all below
	failures int        // one after the other
	rest     time.Duration
	until    time.Time // it is passed over till then; zero if it is not
	small    latencies // of single leaves and hash blocks
	large    latencies // of longer runs
}

func newMember(s Source) *member {
	m := &member{repeats: rate.NewLimiter(repeats, burst)}
	m.is.Store(&s)
	return m
}

func (m *member) source() Source { return *m.is.Load() }

func (m *member) replace(s Source) {
	m.is.Store(&s)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failures, m.rest, m.until = 0, 0, time.Time{}
}

// order returns whom to ask, one after the other: those that are well in their order, then those that
// are being passed over, as a last resort. One whose rest is over counts as well for a single request.
func (m *Mirror) order(j job) []*member {
	var well, rest, last []*member
	for _, s := range m.members {
		switch {
		case j.tree && s.source().ImageOnly:
		case s == j.last:
			last = append(last, s)
		case s.resting().IsZero():
			well = append(well, s)
		default:
			rest = append(rest, s)
		}
	}
	return slices.Concat(well, rest, last)
}

// resting returns until when m is passed over, zero if it is not, or not any more.
func (m *member) resting() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Now().Before(m.until) {
		return m.until
	}
	return time.Time{}
}

// begin notes that m is asked and returns how long it takes for n leaves in nineteen of twenty cases. One
// whose rest is over is tried with this request alone, until it has answered.
func (m *member) begin(n int) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.until.IsZero() && !time.Now().Before(m.until) {
		m.until = time.Now().Add(m.rest)
	}
	return m.latencies(n).p95()
}

// learn takes in how a request for n leaves went. One that was taken back says nothing of health.
func (m *member) learn(ctx context.Context, n int, took time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch l := m.latencies(n); {
	case err == nil:
		l.add(took)
		m.failures, m.rest, m.until = 0, 0, time.Time{}
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled):
		if took > l.p95() { // it would have taken longer still
			l.add(took)
		}
	case errors.Is(err, fetch.ErrOverwritten):
		m.passOver(otherBytes)
	case errors.Is(err, fetch.ErrDenied):
		m.passOver(longestRest)
	default:
		m.fail()
	}
}

// slow counts a request that another source, asked later, answered first.
func (m *member) slow() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail()
}

func (m *member) fail() {
	if m.failures++; m.failures >= tolerated {
		m.passOver(min(max(2*m.rest, shortRest), longestRest))
	}
}

// passOver has m rest for about d, so that not all nodes come back at the same moment.
func (m *member) passOver(d time.Duration) {
	m.rest = d
	m.until = time.Now().Add(d/2 + rand.N(d))
}

// again waits until a request to m may be repeated, and reports whether that comes before the end of ctx:
// an outage must not become a flood.
func (m *member) again(ctx context.Context) bool { return m.repeats.Wait(ctx) == nil }

// spare reports whether m may be sent a request that is perhaps not needed.
func (m *member) spare() bool { return m.repeats.Allow() }

func (m *member) latencies(n int) *latencies {
	if n == 1 {
		return &m.small
	}
	return &m.large
}

// usual returns the 95th percentile of the small requests.
func (m *member) usual() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.small.n < enough {
		return 0
	}
	return m.small.p95()
}

// Health is how a source is doing.
type Health struct {
	At    fetch.Location
	Until time.Time     // it is passed over until then; zero if it is not, or not any more
	P95   time.Duration // within which 19 of 20 of the last requests for a single block were answered; 0 if there were few
}

// Health returns how the sources are doing, in their order.
func (m *Mirror) Health() []Health {
	list := make([]Health, len(m.members))
	for i, s := range m.members {
		list[i] = Health{s.source().At, s.resting(), s.usual()}
	}
	return list
}
