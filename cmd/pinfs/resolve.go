package main

import (
	"context"
	"fmt"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/spf13/cobra"
)

func (a *app) resolveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "resolve REF",
		Short: "Print the pinned reference that a name stands for now",
		Long: `Print STORE/NAME@PIN for what STORE/NAME stands for now. What it prints can be mounted, and stays
the same bytes for ever.`,
	}
	return a.withJSON(a.command(c, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		store, place, err := a.resolve(ctx, args[0])
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(placeJSON(store, place))
		}
		_, err = fmt.Fprintln(a.stdout, pinned(store.URL(), place))
		return err
	}))
}

// pinned is the reference that means place and nothing else.
func pinned(store string, place catalog.Place) string {
	return record.Reference{Store: store, Name: place.Name, Pin: place.Pin}.String()
}

// resolved is a place as JSON.
type resolved struct {
	Reference string         `json:"reference"`
	Pin       fetch.Pin      `json:"pin"`
	Name      record.Name    `json:"name,omitempty"`
	Revision  int            `json:"revision,omitempty"`
	Image     fetch.Location `json:"image"`
	Manifest  fetch.Location `json:"manifest"`
}

func placeJSON(store fetch.Store, p catalog.Place) resolved {
	return resolved{pinned(store.URL(), p), p.Pin, p.Name, p.Revision, p.Image, p.Manifest}
}
