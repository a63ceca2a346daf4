// Package wire is what the stores that speak HTTP share: their connections, and answers to ranged
// requests that are believed only as far as they were checked.
package wire
