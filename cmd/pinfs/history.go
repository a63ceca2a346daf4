package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pinfs/pinfs/fetch/catalog"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/spf13/cobra"
)

func (a *app) historyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "history STORE/NAME",
		Short: "List what a name has stood for, when and by whom, the newest first",
		Long: `List all revisions of a name, the newest first: when each was published, by whom, and which one it
followed. Numbers may have gaps. A record that is damaged or in dispute is listed like the others, and
told of at the end, with its exit code.`,
	}
	return a.withJSON(a.command(c, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		store, ref, err := a.reference(args[0])
		if err != nil {
			return err
		}
		if ref.Name == "" || !ref.Pin.IsZero() {
			return usage("reference %q: a history is that of a name, write STORE/NAME without a pin", args[0])
		}
		all, err := catalog.New(store).History(ctx, ref.Name)
		if err != nil {
			return err
		}
		return a.printHistory(ref.Name, all)
	}))
}

// printHistory prints all of it and returns what is wrong with it.
func (a *app) printHistory(name record.Name, all []catalog.Revision) error {
	var err error
	if a.json {
		err = a.printHistoryJSON(name, all)
	} else {
		err = a.printTable("REVISION STATE PUBLISHED BY CLASS SIZE FOLLOWS PIN", historyRows(all))
	}
	var wrong []error
	for _, r := range all {
		if r.Err != nil {
			wrong = append(wrong, r.Err)
		}
	}
	return errors.Join(err, inOneLine(wrong))
}

func (a *app) printHistoryJSON(name record.Name, all []catalog.Revision) error {
	for i, r := range all {
		line := historyLine{Record: r.Record, Name: name, Revision: r.Number, State: historyState(r, i == 0)}
		if r.Err != nil {
			line.Error = oneLine(r.Err)
		}
		if err := a.printJSON(line); err != nil {
			return err
		}
	}
	return nil
}

// historyLine is a record with what became of it. A damaged one has nothing but its place.
type historyLine struct {
	*record.Record
	Name     record.Name `json:"name"`
	Revision int         `json:"revision"`
	State    string      `json:"state"` // current, replaced, disputed or damaged
	Error    string      `json:"error,omitempty"`
}

func historyState(r catalog.Revision, newest bool) string {
	switch {
	case r.Record == nil:
		return "damaged"
	case r.Disputed:
		return "disputed"
	case newest:
		return "current"
	}
	return "replaced"
}

func historyRows(all []catalog.Revision) (rows [][]string) {
	for i, e := range all {
		row := []string{fmt.Sprint(e.Number), historyState(e, i == 0)}
		if r := e.Record; r != nil {
			row = append(row, r.Created.UTC().Format(time.RFC3339), r.Publisher, string(r.Class), iec(r.Size), follows(r), r.Pin.String())
		}
		rows = append(rows, row)
	}
	return rows
}

// follows tells what r has replaced: the number of that revision, or its pin where the record does not
// have the number.
func follows(r *record.Record) string {
	switch {
	case r.Follows != 0:
		return fmt.Sprint(r.Follows)
	case !r.Replaces.IsZero():
		return r.Replaces.String()
	}
	return "-"
}
