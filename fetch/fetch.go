// Package fetch is the vocabulary of reading pinned images: what an image is called (Pin), where
// its bytes lie (Location), what can read or keep them (Source, Store) and what can go wrong
// (Verdict).
package fetch
