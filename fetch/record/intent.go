package record

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

// IntentSchema is what Intent.Schema says in this version.
const IntentSchema = "pinfs.intent/v1"

// MaxIntentSize is the largest intent that is read, in bytes.
const MaxIntentSize = 64 << 10

// Intent is an upload in progress: an object that its publisher keeps in the store meanwhile, under a key
// that nobody else writes. It is for people and for other publishers, no reader of images looks at it.
type Intent struct {
	Schema    string    `json:"schema"` // "" when formatting = IntentSchema
	Name      Name      `json:"name"`
	Revision  int       `json:"revision"` // that it is to become
	Pin       fetch.Pin `json:"pin"`      // of what is uploaded
	Publisher string    `json:"publisher"`
	Started   time.Time `json:"started"` // UTC, by the publisher's clock
	Lease     float64   `json:"lease"`   // seconds after which an intent that was not renewed counts for nothing
}

// IntentID is the part of an intent's key that tells it from others of the same name.
type IntentID struct {
	Revision int
	Run      string // of one publisher, random: 26 letters and digits as rand.Text makes them
	Seq      int    // counts the renewals; 0 while the publisher still looks whether he is alone
}

// intentFile is the last part of an intent's key.
var intentFile = regexp.MustCompile(`^([0-9]{8})-([A-Z2-7]{26})-([0-9]{6})\.json$`)

// MaxSeq is the highest number of renewals.
const MaxSeq = 999_999

// IntentPrefix is what the keys of all intents of name, and only these and those of names below it, begin
// with.
func IntentPrefix(name Name) string { return UploadsPrefix + string(name) + "/" }

// IntentKey is where an intent lies.
func IntentKey(name Name, id IntentID) string {
	return fmt.Sprintf("%s%08d-%s-%06d.json", IntentPrefix(name), id.Revision, id.Run, id.Seq)
}

// ParseIntentKey reads what IntentKey wrote.
func ParseIntentKey(key string) (Name, IntentID, error) {
	name, parts, ok := splitKey(key, UploadsPrefix, intentFile)
	if !ok {
		return "", IntentID{}, fmt.Errorf("key %s: want %sNAME/REVISION-RUN-NUMBER.json", quote(key), UploadsPrefix)
	}
	n, err := ParseName(name)
	if err != nil {
		return "", IntentID{}, fmt.Errorf("key %s: %w", quote(key), err)
	}
	id := IntentID{Run: parts[2]}
	id.Revision, _ = strconv.Atoi(parts[1]) // eight and six digits: they are numbers
	id.Seq, _ = strconv.Atoi(parts[3])
	if err := checkRevision(id.Revision); err != nil {
		return "", IntentID{}, fmt.Errorf("key %s: %w", quote(key), err)
	}
	return n, id, nil
}

// Format returns the bytes to store.
func (i Intent) Format() ([]byte, error) {
	i.Schema, i.Started = IntentSchema, i.Started.UTC()
	if err := i.validate(); err != nil {
		return nil, fmt.Errorf("intent for %s: %w", quote(string(i.Name)), err)
	}
	return encode(i)
}

// ParseIntent reads what Format wrote; fields that it does not know are left out.
func ParseIntent(b []byte) (*Intent, error) {
	var i Intent
	err := checkStrict(b)
	if err == nil {
		err = json.Unmarshal(b, &i)
	}
	if err == nil {
		err = i.validate()
	}
	if err != nil {
		return nil, fmt.Errorf("intent: %w", err)
	}
	return &i, nil
}

func (i *Intent) validate() error {
	if i.Schema != IntentSchema {
		return fmt.Errorf("schema %s: want %q; a newer pinfs may read it", quote(i.Schema), IntentSchema)
	}
	if _, err := ParseName(string(i.Name)); err != nil {
		return err
	}
	if err := checkRevision(i.Revision); err != nil {
		return err
	}
	if i.Pin.IsZero() {
		return fmt.Errorf("no pin")
	}
	if err := checkPrintable(i.Publisher); err != nil {
		return fmt.Errorf("publisher %s: %w", quote(i.Publisher), err)
	}
	if i.Lease <= 0 {
		return fmt.Errorf("lease of %v seconds: want more than 0", i.Lease)
	}
	return nil
}
