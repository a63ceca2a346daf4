package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// defaultConfigFile is read if it is there; another one, named by --config, must be.
const defaultConfigFile = "/etc/pinfs/config.yaml"

const (
	// defaultTimeout is below the 30 s after which SCSI layers above a mount give up.
	defaultTimeout = 25 * time.Second
	minTimeout     = 100 * time.Millisecond
)

// config is what all commands share. A flag wins over the environment, that over the file. Secrets
// are no part of it: a worker process inherits the environment or reads the credentials file.
type config struct {
	S3 struct {
		Endpoint        string `yaml:"endpoint" json:"endpoint"`
		Region          string `yaml:"region" json:"region"`
		CA              string `yaml:"ca" json:"ca"`
		CredentialsFile string `yaml:"credentialsFile" json:"credentialsFile"`
	} `yaml:"s3" json:"s3"`
	Timeout time.Duration `yaml:"timeout" json:"timeout"`
	Watch   time.Duration `yaml:"watch" json:"watch"`
	Cache   cacheConfig   `yaml:"cache" json:"cache"`
	Sources []string      `yaml:"sources" json:"sources,omitempty"`
	Memory  string        `yaml:"memory" json:"memory,omitempty"`   // such as 128MiB
	Workers string        `yaml:"workers" json:"workers,omitempty"` // a number

	file string
}

// setting is one key of the configuration with all its names.
type setting struct {
	flag, env, help string
	value           func(*config) *string
}

var settings = []setting{
	{"s3-endpoint", "PINFS_S3_ENDPOINT", "S3 server, such as https://rgw.example:8080 (default: Amazon's for the region)", func(c *config) *string { return &c.S3.Endpoint }},
	{"s3-region", "PINFS_S3_REGION", "S3 region (default us-east-1)", func(c *config) *string { return &c.S3.Region }},
	{"s3-ca", "PINFS_S3_CA", "file with the certificates to trust, PEM, instead of the system's", func(c *config) *string { return &c.S3.CA }},
	{"credentials-file", "PINFS_CREDENTIALS_FILE", "file with ACCESS:SECRET on one line, mode 0600 (default: AWS_* variables, then AWS's shared file)", func(c *config) *string { return &c.S3.CredentialsFile }},
	{"cache", "PINFS_CACHE", "directory for a cache of verified blocks (default: none)", func(c *config) *string { return &c.Cache.Dir }},
	{"cache-size", "PINFS_CACHE_SIZE", "how much it may take (default 10GiB)", func(c *config) *string { return &c.Cache.Size }},
	{"cache-free", "PINFS_CACHE_FREE", "part of its file system that stays free (default 5%)", func(c *config) *string { return &c.Cache.Free }},
	{"memory", "PINFS_MEMORY", "memory that a mount's worker is to live with (default 128MiB)", func(c *config) *string { return &c.Memory }},
	{"workers", "PINFS_WORKERS", "blocks that are decoded at a time (default: the processors, at most 4)", func(c *config) *string { return &c.Workers }},
}

// register adds the flags. Their values are only used if they were set.
func (c *config) register(flags *pflag.FlagSet) {
	for _, s := range settings {
		flags.String(s.flag, "", s.help+"; $"+s.env)
	}
	flags.Duration("timeout", defaultTimeout, "longest wait for the store, per read; $PINFS_TIMEOUT")
	flags.Duration("watch", defaultWatch, "how often a mount looks whether its objects are still what was pinned; 0 for never")
	flags.StringArray("source", nil, "further place to read images from, tried in order: a store such as s3://BUCKET or https://HOST/PATH/, or an image's `URL`; repeatable")
	flags.StringVar(&c.file, "config", "", "configuration file (default "+defaultConfigFile+")")
}

// complete reads the file, then the environment, then the flags that were set.
func (c *config) complete(flags *pflag.FlagSet) error {
	c.Timeout, c.Watch = defaultTimeout, defaultWatch
	if err := c.readFile(); err != nil {
		return err
	}
	for _, s := range settings {
		if v := os.Getenv(s.env); v != "" {
			*s.value(c) = v
		}
		if flags.Changed(s.flag) {
			*s.value(c) = flags.Lookup(s.flag).Value.String()
		}
	}
	if flags.Changed("watch") {
		c.Watch, _ = flags.GetDuration("watch") // it is registered as one
	}
	if c.Watch < 0 {
		return usage("watch %v: want a duration such as 1m, or 0 for never", c.Watch)
	}
	if flags.Changed("source") {
		c.Sources, _ = flags.GetStringArray("source") // it is registered as one
	}
	if _, err := c.Cache.parse(); err != nil {
		return err
	}
	if _, err := c.budget(); err != nil {
		return err
	}
	if err := c.absolute(); err != nil {
		return err
	}
	return c.completeTimeout(flags)
}

// absolute makes the names of files mean the same in a worker, whose working directory is another.
func (c *config) absolute() (err error) {
	for _, name := range []*string{&c.S3.CA, &c.S3.CredentialsFile, &c.Cache.Dir} {
		if *name == "" {
			continue
		}
		if *name, err = filepath.Abs(*name); err != nil {
			return err
		}
	}
	for _, env := range []string{"AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"} {
		if name := os.Getenv(env); name != "" {
			if name, err = filepath.Abs(name); err != nil {
				return err
			}
			if err := os.Setenv(env, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *config) completeTimeout(flags *pflag.FlagSet) (err error) {
	if v := os.Getenv("PINFS_TIMEOUT"); v != "" {
		if c.Timeout, err = time.ParseDuration(v); err != nil {
			return usage("PINFS_TIMEOUT=%q: write a duration such as 25s", v)
		}
	}
	if flags.Changed("timeout") {
		c.Timeout, err = flags.GetDuration("timeout")
	}
	if err == nil && c.Timeout < minTimeout {
		return usage("timeout %v: want at least %v, such as 25s", c.Timeout, minTimeout)
	}
	return err
}

// readFile parses strictly: a misspelt key is an error, not a surprise at 3 a.m.
func (c *config) readFile() error {
	name := c.file
	if name == "" {
		name = defaultConfigFile
	}
	f, err := openLocal(name)
	if errors.Is(err, fetch.ErrNotFound) && c.file == "" {
		return nil
	}
	var b []byte
	if err == nil {
		defer quietly(f)
		b, err = io.ReadAll(f.File)
	}
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	err = d.Decode(c)
	if err == nil && d.Decode(new(yaml.Node)) != io.EOF {
		err = errors.New("more than one YAML document")
	}
	if err != nil && err != io.EOF { // nothing but comments is nothing to say
		return usage("configuration %s: %s", name, goType.ReplaceAllString(err.Error(), ""))
	}
	return nil
}

// goType is what the parser adds to a misspelt key, which helps nobody who wrote the file.
var goType = regexp.MustCompile(`(?s) in type (struct \{.*\}|\S+)`)
