package record

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

const run = "ABCDEFGHIJKLMNOPQRSTUVWXY2"

func intent() Intent {
	return Intent{
		Name: "PE/a", Revision: 3, Pin: fetch.Pin{1}, Publisher: "ci@build7",
		Started: time.Date(2026, 11, 26, 1, 2, 3, 0, time.FixedZone("CET", 3600)), Lease: 60,
	}
}

const frozenIntent = `{
  "schema": "pinfs.intent/v1",
  "name": "PE/a",
  "revision": 3,
  "pin": "fsverity-sha256:0100000000000000000000000000000000000000000000000000000000000000",
  "publisher": "ci@build7",
  "started": "2026-11-26T00:02:03Z",
  "lease": 60
}
`

func TestIntentFrozen(t *testing.T) {
	b, err := intent().Format()
	if err != nil || string(b) != frozenIntent {
		t.Errorf("Format() = %s, %v, want %s", b, err, frozenIntent)
	}
	want := intent()
	want.Schema, want.Started = IntentSchema, want.Started.UTC()
	got, err := ParseIntent([]byte(strings.Replace(frozenIntent, "{", `{"later": 1,`, 1)))
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("ParseIntent(frozen) = %+v, %v, want %+v", got, err, want)
	}
}

func TestParseIntentRefuses(t *testing.T) {
	for _, c := range []struct{ old, replacement string }{
		{"intent/v1", "intent/v2"}, {"PE/a", "/a"}, {`"revision": 3`, `"revision": 0`}, {"60", "0"}, {"60", "-1"},
		{"ci@build7", `ci\u0007`}, {"sha256:01", "sha256:00"}, {"}", ""}, {"2026-11-26T00:02:03Z", "today"},
	} {
		if got, err := ParseIntent([]byte(strings.Replace(frozenIntent, c.old, c.replacement, 1))); err == nil {
			t.Errorf("ParseIntent with %s for %s = %+v, want an error", c.replacement, c.old, got)
		}
	}
}

func TestIntentKey(t *testing.T) {
	id := IntentID{Revision: 3, Run: run, Seq: 7}
	key := IntentKey("PE/a", id)
	if want := ".pinfs/uploads/PE/a/00000003-" + run + "-000007.json"; key != want {
		t.Errorf("IntentKey = %s, want %s", key, want)
	}
	name, got, err := ParseIntentKey(key)
	if name != "PE/a" || got != id || err != nil {
		t.Errorf("ParseIntentKey = %s, %+v, %v", name, got, err)
	}
	for _, bad := range []string{
		"", "PE/a", RecordKey("PE/a", 3), ".pinfs/uploads/00000003-" + run + "-000007.json", strings.Replace(key, "3", "0", 1),
		strings.Replace(key, "-000007", "-7", 1), strings.Replace(key, "Y2", "Y1", 1), key + "x", strings.Replace(key, "PE", "..", 1),
	} {
		if name, id, err := ParseIntentKey(bad); err == nil {
			t.Errorf("ParseIntentKey(%q) = %q, %+v, want an error", bad, name, id)
		}
	}
	if _, err := ParseName("a/" + key[strings.LastIndexByte(key, '/')+1:]); err == nil {
		t.Error("a name may look like an intent")
	}
}
