package s3

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const wordNobodyMaySee = "wJalrXUtnFEMI"

func TestSecretsStaySecret(t *testing.T) {
	cfg := Config{Bucket: "bucket", Endpoint: "http://127.0.0.1:1", AccessKey: "access", SecretKey: wordNobodyMaySee, SessionToken: wordNobodyMaySee}
	s := open(t, cfg)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb, cfg)
		fmt.Fprintf(&out, verb, &cfg)
		fmt.Fprintf(&out, verb, cfg.SecretKey)
		fmt.Fprintf(&out, verb, s)
	}
	encoded, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	slog.New(slog.NewTextHandler(&out, nil)).Info("", "cfg", cfg, "secret", cfg.SecretKey, "store", s)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("", "cfg", cfg, "secret", cfg.SecretKey, "store", s)
	_, err = s.Stat(t.Context(), "key")
	fmt.Fprint(&out, err)
	for _, form := range []string{wordNobodyMaySee, fmt.Sprintf("%x", wordNobodyMaySee)} {
		if strings.Contains(strings.ToLower(out.String()), strings.ToLower(form)) {
			t.Errorf("the secret is in:\n%s", out.String())
		}
	}
}

func TestConfigDefaults(t *testing.T) {
	cfg, err := Config{Bucket: "bucket", Region: "eu-west-1"}.complete()
	if err != nil || cfg.Endpoint != "https://s3.eu-west-1.amazonaws.com" || cfg.PartSize != defaultPartSize {
		t.Errorf("complete() = %+v, %v", cfg, err)
	}
}

func TestBadConfigs(t *testing.T) {
	for _, cfg := range []Config{
		{},
		{Bucket: "a"},
		{Bucket: "no/slash"},
		{Bucket: "bucket", Endpoint: "127.0.0.1:9000"},
		{Bucket: "bucket", Endpoint: "ftp://host"},
		{Bucket: "bucket", Endpoint: "http://"},
		{Bucket: "bucket", Endpoint: "http://host/path"},
		{Bucket: "bucket", Endpoint: "http://host?query"},
		{Bucket: "bucket", Endpoint: "http://user:" + wordNobodyMaySee + "@host"},
		{Bucket: "bucket", PartSize: minPartSize - 1},
		{Bucket: "bucket", PartSize: maxPartSize + 1},
		{Bucket: "bucket", AccessKey: "access"},
		{Bucket: "bucket", SecretKey: wordNobodyMaySee},
		{Bucket: "bucket", CAFile: "/nonexistent"},
		{Bucket: "bucket", CAFile: "config_test.go"},
	} {
		s, err := New(cfg)
		if err == nil {
			s.Close()
			t.Errorf("New(%+v) succeeds", cfg)
		} else if strings.Contains(err.Error(), wordNobodyMaySee) || strings.Contains(err.Error(), "\n") {
			t.Errorf("New(%+v) = %q, want one line without the secret", cfg, err)
		}
	}
}
