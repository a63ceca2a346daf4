package fetch

import "time"

// Capability is one thing that stores differ in.
type Capability string

// What a probe tries, in the order in which people read it. The texts are an interface: they are in
// JSON and in files.
const (
	ConditionalPut      Capability = "conditionalPut"      // a Create in one request is refused where something is
	CreateRace          Capability = "createRace"          // of several at the same time one wins
	ConditionalComplete Capability = "conditionalComplete" // the same of a Create in parts, when it is completed
	ListAfterPut        Capability = "listAfterPut"        // a list has what was put before, in byte order
	Clock               Capability = "clock"               // it tells a plausible time with each object
	IfMatch             Capability = "ifMatch"             // a read under a condition that fails is refused
	Versions            Capability = "versions"            // what is overwritten can still be read by its version
	SignedSHA256        Capability = "signedSHA256"        // bytes that do not have the hash that was signed are refused
	SHA256              Capability = "sha256"              // the same of x-amz-checksum-sha256
	CRC64NVME           Capability = "crc64nvme"           // the same of x-amz-checksum-crc64nvme
	ObjectLock          Capability = "objectLock"          // objects can be kept from being deleted
	Durable             Capability = "durable"             // bytes and names can be forced to the disk
)

// AllCapabilities is all of them in that order.
var AllCapabilities = []Capability{
	ConditionalPut, CreateRace, ConditionalComplete, ListAfterPut, Clock, IfMatch, Versions,
	SignedSHA256, SHA256, CRC64NVME, ObjectLock, Durable,
}

// Support is what was found out about a Capability.
type Support string

// The zero value means what Unknown does.
const (
	Honoured Support = "honoured"
	Ignored  Support = "ignored" // the store does as if it had not been asked
	Refused  Support = "refused" // it does not understand the request, and says so
	Absent   Support = "absent"  // it could, but does not do so for this bucket or directory
	Unknown  Support = "unknown" // no answer, or not allowed to ask
)

// Finding is what a probe saw.
type Finding struct {
	Support Support `json:"support"`
	Detail  string  `json:"detail,omitempty"` // for people: one line, without secrets
}

// Capabilities is what a store honours. What does not apply to a kind of store is left out.
type Capabilities map[Capability]Finding

// Exclusive reports that of any number of creators of one key only one can win, whatever happens at the
// same time.
func (c Capabilities) Exclusive() bool {
	return c[ConditionalPut].Support == Honoured && c[CreateRace].Support == Honoured
}

// Settled reports that asking again would not tell more about what Exclusive goes by.
func (c Capabilities) Settled() bool {
	return c[ConditionalPut].Support.settled() && (c[CreateRace].Support.settled() || c[ConditionalPut].Support != Honoured)
}

func (s Support) settled() bool { return s == Honoured || s == Ignored || s == Refused }

// ClockFinding says what it means that a store's clock is ahead of ours by so much; one that is off by
// more than most is not plausible. Stores tell times in whole seconds.
func ClockFinding(ahead, most time.Duration) Finding {
	f := Finding{Support: Honoured}
	if ahead.Abs() > most {
		f.Support = Ignored
	}
	switch ahead = ahead.Round(time.Second); {
	case ahead > time.Second:
		f.Detail = ahead.String() + " ahead of this machine's"
	case ahead < -time.Second:
		f.Detail = (-ahead).String() + " behind this machine's"
	}
	return f
}
