package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// TestConfigOrder: a flag wins over the environment, the environment over the file.
func TestConfigOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	text := "s3:\n  endpoint: http://file\n  region: file\n  ca: /file\ntimeout: 7s\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PINFS_S3_ENDPOINT", "http://environment")
	t.Setenv("PINFS_S3_REGION", "environment")
	var c config
	flags := pflag.NewFlagSet("pinfs", pflag.ContinueOnError)
	c.register(flags)
	if err := flags.Parse([]string{"--config", file, "--s3-endpoint", "http://flag"}); err != nil {
		t.Fatal(err)
	}
	if err := c.complete(flags); err != nil {
		t.Fatal(err)
	}
	if c.S3.Endpoint != "http://flag" || c.S3.Region != "environment" || c.S3.CA != "/file" || c.Timeout != 7*time.Second {
		t.Errorf("config = %+v", c)
	}
}

func TestTimeout(t *testing.T) {
	for _, bad := range []string{"0s", "-1s", "1ns", "soon"} {
		t.Setenv("PINFS_TIMEOUT", bad)
		var c config
		flags := pflag.NewFlagSet("pinfs", pflag.ContinueOnError)
		c.register(flags)
		if err := c.complete(flags); err == nil {
			t.Errorf("PINFS_TIMEOUT=%q is accepted as %v", bad, c.Timeout)
		}
	}
	t.Setenv("PINFS_TIMEOUT", "")
	var c config
	flags := pflag.NewFlagSet("pinfs", pflag.ContinueOnError)
	c.register(flags)
	if err := c.complete(flags); err != nil || c.Timeout != 25*time.Second {
		t.Errorf("timeout = %v, %v, want the default of 25s", c.Timeout, err)
	}
}
