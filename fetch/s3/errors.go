package s3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
)

// explain adds verdict, object and advice to an error of the client library; nil stays nil. An
// error that has a verdict keeps it, a cancelled context and a body that can not be read get none.
func (s *Store) explain(op, url string, err error) error {
	if err == nil {
		return nil
	}
	verdict, advice := s.classify(err)
	if verdict == "" {
		return fmt.Errorf("%s %s: %w%s", op, url, brief(err), advice)
	}
	return fmt.Errorf("%s %s: %w: %w%s", op, url, verdict, brief(err), advice)
}

// classify says what an error means and what a person should do. Advice begins with "; ".
func (s *Store) classify(err error) (verdict fetch.Verdict, advice string) {
	var (
		body *bodyError
		cert *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &body), errors.Is(err, context.Canceled), fetch.VerdictOf(err) != "":
		return "", ""
	case errors.As(err, &cert):
		return fetch.ErrUnavailable, "; name the certificate authority of " + s.cfg.Endpoint
	}
	resp := minio.ToErrorResponse(err)
	if resp.Code == "" && resp.StatusCode == 0 { // no answer
		return fetch.ErrUnavailable, "; check that " + s.cfg.Endpoint + " is up and the right endpoint"
	}
	verdict = verdictOf(resp)
	if verdict == fetch.ErrDenied && s.wallet.anonymous() {
		return verdict, "; no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or name a credentials file"
	}
	return verdict, adviceOn(resp)
}

// verdictOf is the table of what servers' answers mean. The code says more than the status, where
// there is one: an answer 200 can carry an error, and some servers say 404 to an unknown user.
func verdictOf(resp minio.ErrorResponse) fetch.Verdict {
	switch resp.Code {
	case "AccessDenied", "AccountProblem", "AllAccessDisabled", "AuthorizationHeaderMalformed", "ExpiredToken",
		"InvalidAccessKeyId", "InvalidSecurity", "InvalidToken", "RequestTimeTooSkewed", "SignatureDoesNotMatch",
		"TokenRefreshRequired", "UserSuspended", "XAdminUserNotFound":
		return fetch.ErrDenied
	case "NoSuchBucket", "NoSuchKey", "NoSuchVersion":
		return fetch.ErrNotFound
	case "PreconditionFailed":
		return fetch.ErrConflict
	case "BadDigest", "ConditionalRequestConflict", "InternalError", "NoSuchUpload", "OperationAborted",
		"RequestTimeout", "ServiceUnavailable", "SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling",
		"XAmzContentSHA256Mismatch":
		return fetch.ErrUnavailable
	case "NotImplemented":
		return ""
	}
	if !isS3Code(resp) && (resp.StatusCode == http.StatusBadRequest || resp.StatusCode/100 == 3) {
		return fetch.ErrUnavailable // it is not the store that answers
	}
	return verdictOfStatus(resp.StatusCode)
}

// isS3Code reports whether the answer had a code: for one without, the client library repeats the
// status there.
func isS3Code(resp minio.ErrorResponse) bool {
	return resp.Code != "" && !strings.HasPrefix(resp.Code, strconv.Itoa(resp.StatusCode))
}

func verdictOfStatus(status int) fetch.Verdict {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fetch.ErrDenied
	case status == http.StatusNotFound:
		return fetch.ErrNotFound
	case status == http.StatusPreconditionFailed:
		return fetch.ErrConflict
	case status == http.StatusNotImplemented:
		return ""
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout,
		status == http.StatusConflict, status < 300: // the last: a success that makes no sense
		return fetch.ErrUnavailable
	}
	return ""
}

// adviceOn says what to do about an answer.
func adviceOn(resp minio.ErrorResponse) string {
	switch resp.Code {
	case "InvalidAccessKeyId", "XAdminUserNotFound":
		return "; the server does not know the access key: check it"
	case "SignatureDoesNotMatch":
		return "; check the secret key"
	case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
		return "; renew the session token"
	case "RequestTimeTooSkewed":
		return "; set the clock of this machine"
	case "AuthorizationHeaderMalformed":
		return "; check the region"
	case "NoSuchBucket":
		return "; there is no such bucket: check its name and the endpoint"
	case "NoSuchKey":
		return "; there is no such object in the bucket"
	}
	switch status := resp.StatusCode; {
	case status == http.StatusBadRequest && !isS3Code(resp):
		return "; no S3 server answers so: check whether the endpoint is http or https"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "; check what the bucket's policy allows this access key"
	case status >= 300 && status < 400:
		return "; the bucket is elsewhere: check endpoint and region"
	}
	return ""
}

// brief makes a server's error one short line of nothing but its code and status, and drops the
// method and URL that net/http repeats.
func brief(err error) error {
	var resp minio.ErrorResponse
	if errors.As(err, &resp) {
		if !isS3Code(resp) {
			resp.Code = ""
		}
		return &responseError{code: resp.Code, status: resp.StatusCode, err: err}
	}
	var urlErr *url.Error
	if !errors.As(err, &urlErr) || fetch.VerdictOf(err) != fetch.VerdictOf(urlErr.Err) {
		return err
	}
	if strings.HasPrefix(urlErr.Err.Error(), "Connection closed by foreign host") {
		return errClosed
	}
	return urlErr.Err
}

// errClosed replaces the client library's sentence, which has the URL and advice of its own.
var errClosed = errors.New("the server closed the connection")

// responseError is an answer as people should see it.
type responseError struct {
	code   string
	status int
	err    error
}

func (e *responseError) Error() string {
	if e.code == "" || strings.ContainsFunc(e.code, notPrintable) || len(e.code) > 60 {
		return fmt.Sprintf("HTTP status %d", e.status)
	}
	return fmt.Sprintf("%s, HTTP status %d", e.code, e.status)
}

func (e *responseError) Unwrap() error { return e.err }

func notPrintable(r rune) bool { return r < ' ' || r > '~' }
