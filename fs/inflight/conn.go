package inflight

// Conn is a connection to the kernel as it goes from worker to worker.
type Conn struct {
	Device int             // descriptor of /dev/fuse, mounted
	Table  *File           // what was begun on it, and how
	Drain  <-chan struct{} // closes when another worker is about to go on with it; nil for never
}
