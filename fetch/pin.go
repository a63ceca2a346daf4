package fetch

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// pinPrefix names the digest in a pin's text form.
const pinPrefix = "fsverity-sha256:"

// Pin identifies an image by its content: the fs-verity digest of its bytes, computed with SHA-256,
// blocks of 131072 bytes and no salt. Equal bytes have equal pins wherever they lie.
type Pin [32]byte

// ParsePin reads the text form, "fsverity-sha256:" and 64 lower-case hex digits.
func ParsePin(s string) (Pin, error) {
	digits, ok := strings.CutPrefix(s, pinPrefix)
	if !ok {
		return Pin{}, fmt.Errorf("pin %q: want %s followed by 64 hex digits, as `pinfs pin` prints", s, pinPrefix)
	}
	return ParsePinHex(digits)
}

// ParsePinHex reads the 64 lower-case hex digits alone, as they stand in object keys.
func ParsePinHex(digits string) (Pin, error) {
	var p Pin
	if len(digits) != 2*len(p) || strings.ToLower(digits) != digits {
		return Pin{}, fmt.Errorf("pin %q: want 64 lower-case hex digits", digits)
	}
	if _, err := hex.Decode(p[:], []byte(digits)); err != nil {
		return Pin{}, fmt.Errorf("pin %q: want 64 lower-case hex digits", digits)
	}
	return p, nil
}

// Hex returns the 64 digits without the prefix.
func (p Pin) Hex() string { return hex.EncodeToString(p[:]) }

// String returns the text form that ParsePin reads.
func (p Pin) String() string { return pinPrefix + p.Hex() }

// IsZero reports whether p is unset.
func (p Pin) IsZero() bool { return p == Pin{} }

// MarshalText makes a Pin its text form in JSON.
func (p Pin) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (p *Pin) UnmarshalText(text []byte) error {
	parsed, err := ParsePin(string(text))
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}
