package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/ims"
	"github.com/pinfs/pinfs/fetch/publish"
)

// imsClaims is what the IMS manifest where (a file, or an object of a store) says of the object at url;
// nothing if where is "".
func (a *app) imsClaims(ctx context.Context, where, url string) (claims []publish.Claim, err error) {
	if where == "" {
		return nil, nil
	}
	b, err := a.readIMS(ctx, where)
	if err != nil {
		return nil, err
	}
	artifacts, err := ims.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	for _, art := range artifacts {
		if art.URL == url {
			claims = append(claims, publish.Claim{By: "the IMS manifest " + where, MD5: art.MD5, ETag: art.ETag})
		}
	}
	if len(claims) == 0 {
		return nil, fmt.Errorf("%w: the IMS manifest %s has no artifact %s: name the one that has, or leave it out", fetch.ErrNotFound, where, url)
	}
	return claims, nil
}

func (a *app) readIMS(ctx context.Context, where string) ([]byte, error) {
	if !strings.Contains(where, "://") {
		f, err := openLocal(where)
		if err != nil {
			return nil, err
		}
		defer quietly(f)
		return io.ReadAll(io.LimitReader(f.File, ims.MaxSize+1))
	}
	store, ref, err := a.reference(where)
	if err != nil {
		return nil, err
	}
	if ref.Name == "" || !ref.Pin.IsZero() {
		return nil, usage("IMS manifest %q: write STORE/KEY without a pin", where)
	}
	b, _, err := store.Get(ctx, string(ref.Name), ims.MaxSize+1)
	return b, err
}
