package main

import (
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

func TestParseSource(t *testing.T) {
	pin := fetch.Pin{1}
	for _, tt := range []struct{ url, store, image, fails string }{
		{"s3://b", "s3://b", "s3://b/.pinfs/images/" + pin.Hex() + "/image", ""},
		{"s3://b/", "s3://b", "s3://b/.pinfs/images/" + pin.Hex() + "/image", ""},
		{"s3://b/k/e/y", "s3://b", "s3://b/k/e/y", ""},
		{"https://h/p/", "https://h/p", "https://h/p/.pinfs/images/" + pin.Hex() + "/image", ""},
		{"file:///d/image", "file:///d", "file:///d/image", ""},
		{"https://h/x?X-Amz-Signature=SECRET", "", "", `source "https://h/x"...: a URL with ?`},
		{"https://h/x#SECRET", "", "", `source "https://h/x"...`},
		{"https://u:SECRET@h/x", "", "", "password"},
		{"h/x", "", "", "write s3://BUCKET"},
		{"ftp://h/x", "", "", "scheme ftp"},
	} {
		s, err := parseSource(tt.url, pin)
		if tt.fails != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fails) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%s: %v, want %q", tt.url, err, tt.fails)
			}
			continue
		}
		if err != nil || s.Store != tt.store || s.Image.URL != tt.image {
			t.Errorf("%s: %+v, %v, want %s in %s", tt.url, s, err, tt.image, tt.store)
		}
	}
}
