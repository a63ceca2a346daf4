package publish

import (
	"context"

	"github.com/pinfs/pinfs/fetch"
)

// Adoption says which object is to get a name.
type Adoption struct {
	Request        // without a File
	Object  string // key of the object
	Claims  []Claim

	// Check is called with the object's bytes before all of them are read; nil = whatever they are. Its
	// error ends the adoption.
	Check func(ctx context.Context, object fetch.Source) error
	// Notice is told what a person should know and what is no failure; nil = nobody.
	Notice func(text string)
}

// Adopt gives a name to an object that is in the store already, where it is. The object is read once,
// pinned to what was seen of it first; then the store gets its manifest and the record, with the lease
// and the rules of Publish.
//
// It trusts what is there at that moment. All that can contradict it is what others say of the object:
// the Claims, its user metadata, and in a way its ETag.
//
// Errors are those of Publish, and: fetch.ErrConflict if the object is empty, fetch.ErrOverwritten if it
// is another one before the record exists, fetch.ErrCorrupt if somebody says that it has another MD5.
// Then nothing was recorded.
func Adopt(ctx context.Context, store fetch.Store, a Adoption) (*Result, error) {
	p, err := newPublication(store, a.Request)
	if err != nil {
		return nil, err
	}
	if a.Notice == nil {
		a.Notice = func(string) {}
	}
	o, err := p.find(ctx, a.Object)
	if err != nil {
		return nil, err
	}
	claims, err := o.claims(ctx, a)
	if err != nil {
		return nil, err
	}
	sums, err := o.read(ctx, a.Check)
	if err != nil {
		return nil, o.advise(err)
	}
	agreed, err := o.compare(claims, sums.md5, a.Notice)
	if err != nil {
		return nil, err
	}
	result, err := p.bind(ctx, o, sums)
	if err != nil {
		return nil, o.advise(err)
	}
	result.Agreed = agreed
	return result, nil
}
