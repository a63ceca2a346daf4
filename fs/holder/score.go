package holder

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// score is the oom_score_adj that the holder was started with. When memory is short the kernel is to
// end a worker, which can be replaced, and not the holder.
type score int

const (
	holderScore = -900 // only root may have less than it began with
	workerScore = 500  // more than the holder began with
)

// protect makes this process a bad choice and returns what it was.
func protect() score {
	b, _ := os.ReadFile("/proc/self/oom_score_adj")
	had, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	setScore(os.Getpid(), min(had, holderScore))
	return score(had)
}

// setWorker makes a worker a good choice.
func (s score) setWorker(pid int) { setScore(pid, min(int(s)+workerScore, 1000)) }

// setScore does nothing where that is not ours to say.
func setScore(pid, value int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte(strconv.Itoa(value)), 0)
}
