package main

import "testing"

func TestIEC(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 1 << 20: "1.0 MiB", 5 << 30: "5.0 GiB", 1<<63 - 1: "8.0 EiB",
	} {
		if got := iec(n); got != want {
			t.Errorf("iec(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestStatusColumns(t *testing.T) {
	if got := shortPin("fsverity-sha256:0123456789abcdef"); got != "0123456789ab" {
		t.Errorf("shortPin = %q", got)
	}
	if got := shortPin(""); got != "" {
		t.Errorf("shortPin of nothing = %q", got)
	}
	for ref, want := range map[string]string{"s3://b/n@fsverity-sha256:01": "s3://b/n", "s3://b/n": "s3://b/n"} {
		if got := unpinned(ref); got != want {
			t.Errorf("unpinned(%q) = %q, want %q", ref, got, want)
		}
	}
}
