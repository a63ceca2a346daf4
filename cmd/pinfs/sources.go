package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/http"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/pinfs/pinfs/fetch/verify"
)

// source is one place that may have an image: where in which store. It travels to a mount's worker.
type source struct {
	Store    string         `json:"store"` // URL
	Image    fetch.Location `json:"image"`
	Manifest fetch.Location `json:"manifest"` // without a URL if there is none
}

// sourcesOf returns where to look for the image of a place: where its store has it, the other locations
// of its record, and what the user named.
func sourcesOf(store string, place catalog.Place, named []string) ([]source, error) {
	list := []source{{store, place.Image, place.Manifest}}
	for _, at := range place.Others {
		s, err := parseSource(at.URL, place.Pin)
		if err != nil {
			continue // a newer pinfs may know what to do with it
		}
		s.Image = at
		list = append(list, s)
	}
	for _, url := range named {
		s, err := parseSource(url, place.Pin)
		if err != nil {
			return nil, &usageError{err}
		}
		list = append(list, s)
	}
	return list, nil
}

// parseSource reads the URL of a store or, if something follows the bucket or the last slash, of the
// image's own bytes.
func parseSource(url string, pin fetch.Pin) (source, error) {
	scheme, rest, ok := strings.Cut(url, "://")
	if host, _, _ := strings.Cut(rest, "/"); strings.Contains(host, "@") {
		return source{}, errors.New("a source has a user name or a password in its URL, which everybody would see: leave it out")
	}
	if bare, _, signed := strings.Cut(strings.ReplaceAll(url, "#", "?"), "?"); signed {
		return source{}, fmt.Errorf("source %q...: a URL with ? or # can not be one, least of all with a signature in it", bare)
	}
	if !ok || rest == "" {
		return source{}, fmt.Errorf("source %q: write s3://BUCKET, file:///DIR/ or https://HOST/PATH/ for a store, or the URL of the image itself", url)
	}
	var store, key string
	switch scheme {
	case "s3":
		store, key, _ = strings.Cut(rest, "/")
	case "file", "http", "https":
		store, key = splitPath(rest)
	default:
		return source{}, fmt.Errorf("source %q: a source can not be of scheme %s; known are s3, file, http and https", url, scheme)
	}
	s := source{Store: scheme + "://" + store}
	if key == "" || key == record.ImageKey(pin) {
		s.Image.URL, s.Manifest.URL = s.Store+"/"+record.ImageKey(pin), s.Store+"/"+record.ManifestKey(pin)
		return s, nil
	}
	s.Image.URL = s.Store + "/" + key
	return s, nil
}

// splitPath splits what follows a scheme into a store and a key in it, which is empty if a slash is
// last. What pinfs has stored itself lies below the directory that is the store.
func splitPath(path string) (store, key string) {
	if i := strings.Index(path, "/"+record.ImagesPrefix); i >= 0 {
		return path[:i], path[i+1:]
	}
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return path, "" // a host
	}
	return path[:i], path[i+1:]
}

// reader opens the store that a source is in, without retries: they are the mirror's.
func (a *app) reader(url string) (verify.Store, error) {
	if strings.HasPrefix(url, "http://") || strings.HasPrefix(url, "https://") {
		return http.New(url, http.Config{CAFile: a.cfg.S3.CA, Stall: a.cfg.Timeout / 3})
	}
	return a.bareStore(url, a.cfg.Timeout/3)
}

// inOneLine joins errors as one message; a single one stays as it is.
func inOneLine(errs []error) error {
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return fmt.Errorf("%w; %w", errs[0], inOneLine(errs[1:]))
}
