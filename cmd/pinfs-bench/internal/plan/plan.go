// Package plan says in which order to measure.
package plan

// Run is one measurement: a candidate does a workload.
type Run struct {
	Round     int // from 0
	Workload  string
	Candidate string
}

// New plans rounds repetitions of all workloads by all candidates. Within a round the candidates take
// turns at each workload, so that what changes on the machine in the meantime hits all of them; every
// other round goes through them backwards, so that none is always the first.
func New(rounds int, workloads, candidates []string) []Run {
	var runs []Run
	for round := range rounds {
		for _, w := range workloads {
			for i := range candidates {
				if round%2 == 1 {
					i = len(candidates) - 1 - i
				}
				runs = append(runs, Run{round, w, candidates[i]})
			}
		}
	}
	return runs
}
