package http

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	nethttp "net/http"
	"net/url"

	"github.com/pinfs/pinfs/fetch"
)

// statusError is an answer that carries no object.
type statusError struct{ status int }

func (e *statusError) Error() string { return fmt.Sprintf("HTTP status %d", e.status) }

// statusOf returns the status of the answer that err reports, 0 if it reports none.
func statusOf(err error) int {
	if e := new(statusError); errors.As(err, &e) {
		return e.status
	}
	return 0
}

// notFound reports that nothing is where an object was looked for.
func notFound(err error) bool {
	return errors.Is(err, fetch.ErrNotFound) || verdictOfStatus(statusOf(err)) == fetch.ErrNotFound
}

// explain adds verdict, object and advice to an error; nil stays nil. An error that has a verdict
// keeps it, and a cancelled context gets none.
func (s *Server) explain(op, object string, err error) error {
	if err == nil {
		return nil
	}
	verdict, advice := s.classify(err)
	if urlErr := new(url.Error); errors.As(err, &urlErr) {
		err = urlErr.Err // its wrapper repeats method and URL
	}
	if verdict == "" {
		return fmt.Errorf("%s %s: %w%s", op, object, err, advice)
	}
	return fmt.Errorf("%s %s: %w: %w%s", op, object, verdict, err, advice)
}

// classify says what an error means and what a person should do. Advice begins with "; ".
func (s *Server) classify(err error) (verdict fetch.Verdict, advice string) {
	var cert *tls.CertificateVerificationError
	status := statusOf(err)
	switch {
	case errors.Is(err, context.Canceled), fetch.VerdictOf(err) != "":
		return "", ""
	case errors.As(err, &cert):
		return fetch.ErrUnavailable, "; name the certificate authority of " + s.base
	case status == 0: // no answer
		return fetch.ErrUnavailable, "; check that " + s.base + " is up and the right address"
	}
	verdict = verdictOfStatus(status)
	switch {
	case verdict == fetch.ErrDenied:
		advice = "; only what the web server gives to everybody can be read"
	case status == nethttp.StatusBadRequest:
		advice = "; the server does not understand: check whether " + s.base + " is http or https"
	}
	return verdict, advice
}

// verdictOfStatus is the table of what servers' refusals mean.
func verdictOfStatus(status int) fetch.Verdict {
	switch status {
	case nethttp.StatusUnauthorized, nethttp.StatusForbidden:
		return fetch.ErrDenied
	case nethttp.StatusNotFound, nethttp.StatusGone:
		return fetch.ErrNotFound
	case nethttp.StatusTooManyRequests, nethttp.StatusRequestTimeout, nethttp.StatusBadRequest:
		return fetch.ErrUnavailable // the last: plain HTTP to a port for TLS
	}
	if status >= 400 && status < 500 {
		return ""
	}
	return fetch.ErrUnavailable // 5xx, a redirect to nowhere, a success that makes no sense
}
