package main

import "github.com/pinfs/pinfs/cmd/pinfs-bench/internal/work"

// story is a workload: some steps on one fresh mount.
type story struct {
	name  string
	steps func(cfg config) []step
}

// step is what is measured.
type step struct {
	name string
	cold bool     // the kernel's caches are dropped before it
	job  work.Job // without places
}

// stories are all workloads. That of the start begins with mounting: see start.go.
var stories = []story{
	{startStory, nil},
	{"sequential", func(config) []step {
		return []step{{"read all, cold", true, work.Job{Kind: work.Read}}, {"read all, warm", false, work.Job{Kind: work.Read}}}
	}},
	{"large", func(config) []step {
		large := work.Job{Kind: work.Read, AtLeast: 1 << 20}
		return []step{{"read files of 1 MiB and more, cold", true, large}, {"read files of 1 MiB and more, warm", false, large}}
	}},
	{"parallel2", parallel("read all with 2 readers, cold", 2)},
	{"parallel8", parallel("read all with 8 readers, cold", 8)},
	{"list", func(config) []step {
		return []step{
			{"find -ls, cold", true, work.Job{Kind: work.Find}},
			{"find -ls, warm", false, work.Job{Kind: work.Find}},
			{"stat all with 8 threads, warm", false, work.Job{Kind: work.Stat, Workers: 8}},
		}
	}},
	{"random", func(cfg config) []step {
		return []step{{"random 4 KiB, cold", true, work.Job{Kind: work.Random, Count: cfg.random}}}
	}},
	{"compile", func(cfg config) []step {
		return []step{
			{"compile, cold", true, work.Job{Kind: work.Compile, Count: cfg.compilations}},
			{"compile, warm", false, work.Job{Kind: work.Compile, Count: cfg.compilations}},
		}
	}},
}

const startStory = "start"

func parallel(name string, workers int) func(config) []step {
	return func(config) []step { return []step{{name, true, work.Job{Kind: work.Read, Workers: workers}}} }
}

func storyNames() (names []string) {
	for _, s := range stories {
		names = append(names, s.name)
	}
	return names
}

func storyOf(name string) story {
	for _, s := range stories {
		if s.name == name {
			return s
		}
	}
	panic("no story " + name) // the configuration was checked
}
