package main

import (
	"strconv"
	"strings"

	"github.com/pinfs/pinfs/fetch/cache"
)

// cacheConfig is the part of the configuration about the cache, as it is written.
type cacheConfig struct {
	Dir  string `yaml:"dir" json:"dir,omitempty"`
	Size string `yaml:"size" json:"size,omitempty"` // such as 10GiB
	Free string `yaml:"free" json:"free,omitempty"` // such as 5%
}

// minCache holds the longest runs that are fetched at once, and some room to move.
const minCache = 64 << 20

func (c cacheConfig) parse() (cfg cache.Config, err error) {
	if c.Size != "" {
		if cfg.Size, err = parseSize(c.Size); err != nil {
			return cfg, usage("cache size %q: %v", c.Size, err)
		}
		if cfg.Size < minCache {
			return cfg, usage("cache size %q: want at least %s, or no cache at all", c.Size, iec(minCache))
		}
	}
	if c.Free != "" {
		if cfg.Free, err = parsePercent(c.Free); err != nil {
			return cfg, usage("free part %q: %v", c.Free, err)
		}
	}
	return cfg, nil
}

// parseSize reads a number of bytes with an IEC unit, or none.
func parseSize(s string) (int64, error) {
	digits := strings.TrimRight(s, "KMGTiB ")
	shift, known := map[string]int{"": 0, "B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}[strings.TrimSpace(s[len(digits):])]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !known || n <= 0 || n > 1<<62>>shift {
		return 0, usage("write a size such as 10GiB")
	}
	return n << shift, nil
}

// parsePercent reads 5%.
func parsePercent(s string) (float64, error) {
	digits, ok := strings.CutSuffix(s, "%")
	p, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(p > 0 && p < 100) { // NaN is neither
		return 0, usage("write a part such as 5%%")
	}
	return p / 100, nil
}
