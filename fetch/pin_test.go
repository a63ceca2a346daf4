package fetch

import (
	"encoding/json"
	"strings"
	"testing"
)

const digits = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestParsePin(t *testing.T) {
	for _, c := range []struct {
		in string
		ok bool
	}{
		{"fsverity-sha256:" + digits, true},
		{digits, false},
		{"sha256:" + digits, false},
		{"fsverity-sha256:" + digits[:63], false},
		{"fsverity-sha256:" + digits + "0", false},
		{"fsverity-sha256:" + strings.ToUpper(digits), false},
		{"fsverity-sha256:" + digits[:62] + "zz", false},
		{"", false},
	} {
		p, err := ParsePin(c.in)
		if (err == nil) != c.ok {
			t.Errorf("ParsePin(%q) = %v, want ok=%v", c.in, err, c.ok)
		}
		if c.ok && p.String() != c.in {
			t.Errorf("ParsePin(%q).String() = %q", c.in, p)
		}
	}
}

func TestPinJSON(t *testing.T) {
	want, err := ParsePinHex(digits)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Pin
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("Unmarshal(%s) = %v, %v, want %v", text, got, err, want)
	}
	if err := json.Unmarshal([]byte(`"nonsense"`), &got); err == nil {
		t.Error("Unmarshal of nonsense succeeded")
	}
}
