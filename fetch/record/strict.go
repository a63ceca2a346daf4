package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep a record may be nested; v1 needs three levels.
const maxDepth = 16

// checkStrict refuses what encoding/json lets pass and other readers would read differently: a field
// given twice (also in another case), bytes that are not UTF-8, anything after the value.
func checkStrict(b []byte) error {
	if !utf8.Valid(b) {
		return errors.New("not valid UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := checkValue(dec, maxDepth); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows the closing brace")
	}
	return nil
}

// checkValue consumes one value.
func checkValue(dec *json.Decoder, depth int) error {
	t, err := dec.Token()
	if err != nil {
		return err
	}
	delim, nested := t.(json.Delim)
	if !nested {
		return nil
	}
	if depth == 0 {
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	seen := map[string]bool{}
	for dec.More() {
		if delim == '{' {
			if err := checkField(dec, seen); err != nil {
				return err
			}
		}
		if err := checkValue(dec, depth-1); err != nil {
			return err
		}
	}
	_, err = dec.Token() // the closing delimiter
	return err
}

// checkField consumes a field's name, which must be new to seen.
func checkField(dec *json.Decoder, seen map[string]bool) error {
	t, err := dec.Token()
	if err != nil {
		return err
	}
	field, _ := t.(string)
	// encoding/json matches fields in any case; upper then lower folds all that it folds.
	folded := strings.ToLower(strings.ToUpper(field))
	if seen[folded] {
		return fmt.Errorf("field %s is given twice", quote(field))
	}
	seen[folded] = true
	return nil
}
