package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
)

func TestVerdicts(t *testing.T) {
	s := open(t, Config{Bucket: "bucket", Endpoint: "http://127.0.0.1:1", AccessKey: "a", SecretKey: "s"})
	answer := func(status int, code string) error {
		return minio.ErrorResponse{StatusCode: status, Code: code, Message: "<xml>\nof the server"}
	}
	for _, c := range []struct {
		err  error
		want fetch.Verdict
		text string
	}{
		{answer(403, "AccessDenied"), fetch.ErrDenied, "policy"},
		{answer(403, "InvalidAccessKeyId"), fetch.ErrDenied, "access key"},
		{answer(404, "XAdminUserNotFound"), fetch.ErrDenied, "access key"},
		{answer(403, "SignatureDoesNotMatch"), fetch.ErrDenied, "secret key"},
		{answer(403, "RequestTimeTooSkewed"), fetch.ErrDenied, "clock"},
		{answer(400, "ExpiredToken"), fetch.ErrDenied, "token"},
		{answer(400, "AuthorizationHeaderMalformed"), fetch.ErrDenied, "region"},
		{answer(401, ""), fetch.ErrDenied, "HTTP status 401"},
		{answer(404, "NoSuchKey"), fetch.ErrNotFound, "no such object"},
		{answer(404, "NoSuchBucket"), fetch.ErrNotFound, "no such bucket"},
		{answer(404, "NoSuchVersion"), fetch.ErrNotFound, ""},
		{answer(404, ""), fetch.ErrNotFound, ""},
		{answer(404, "NoSuchUpload"), fetch.ErrUnavailable, ""},
		{answer(412, "PreconditionFailed"), fetch.ErrConflict, ""},
		{answer(409, "ConditionalRequestConflict"), fetch.ErrUnavailable, ""},
		{answer(500, "InternalError"), fetch.ErrUnavailable, ""},
		{answer(200, "InternalError"), fetch.ErrUnavailable, ""},
		{answer(200, "200 OK"), fetch.ErrUnavailable, ""},
		{answer(502, "502 Bad Gateway"), fetch.ErrUnavailable, ""},
		{answer(503, "SlowDown"), fetch.ErrUnavailable, ""},
		{answer(429, ""), fetch.ErrUnavailable, "HTTP status 429"},
		{answer(408, "RequestTimeout"), fetch.ErrUnavailable, ""},
		{answer(400, "BadDigest"), fetch.ErrUnavailable, ""},
		{answer(501, "NotImplemented"), "", ""},
		{answer(501, ""), "", ""},
		{answer(400, "InvalidArgument"), "", "InvalidArgument"},
		{answer(301, "PermanentRedirect"), "", "region"},
		{answer(400, "400 Bad Request"), fetch.ErrUnavailable, ": HTTP status 400; no S3 server answers so: check whether the endpoint is http or https"},
		{answer(307, "307 Temporary Redirect"), fetch.ErrUnavailable, ": HTTP status 307; the bucket is elsewhere"},
		{answer(400, "evil\ncode"), "", "HTTP status 400"},
		{&url.Error{Op: "Get", URL: "http://x/y", Err: syscall.ECONNREFUSED}, fetch.ErrUnavailable, "http://127.0.0.1:1"},
		{&url.Error{Op: "Get", URL: "http://x/y", Err: errors.New("Connection closed by foreign host http://x/y. Retry again.")}, fetch.ErrUnavailable, "server closed"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, fetch.ErrUnavailable, ""},
		{io.ErrUnexpectedEOF, fetch.ErrUnavailable, ""},
		{&url.Error{Op: "Get", Err: context.DeadlineExceeded}, fetch.ErrUnavailable, "deadline"},
		{&url.Error{Op: "Get", URL: "http://x/y", Err: fmt.Errorf("%w: nothing for 8s", fetch.ErrUnavailable)}, fetch.ErrUnavailable, "key: unavailable: nothing"},
		{&url.Error{Op: "Get", Err: context.Canceled}, "", "canceled"},
		{&bodyError{err: io.EOF}, "", "to store"},
		{&fetch.OverwrittenError{}, fetch.ErrOverwritten, ""},
		{&credentialsError{errors.New("bad mode")}, fetch.ErrDenied, "bad mode"},
	} {
		err := s.explain("read", "s3://bucket/key", c.err)
		text := err.Error()
		if got := fetch.VerdictOf(err); got != c.want || !strings.Contains(text, c.text) {
			t.Errorf("explain(%v) = %q with verdict %q, want %q and %q", c.err, text, got, c.want, c.text)
		}
		if !strings.HasPrefix(text, "read s3://bucket/key: ") || strings.ContainsAny(text, "\n<") || strings.Contains(text, "http://x/y") {
			t.Errorf("explain(%v) = %q, want one line with the object's name and no more of the server's text", c.err, text)
		}
	}
}
