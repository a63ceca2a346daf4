package s3server

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// NewBucket makes an empty bucket with a name of its own and returns the name.
func (s *Server) NewBucket(t testing.TB) string {
	t.Helper()
	bucket := "test-" + strings.ToLower(rand.Text()[:12])
	s.MakeBucket(t, bucket)
	return bucket
}

// MakeBucket makes an empty bucket.
func (s *Server) MakeBucket(t testing.TB, bucket string) {
	t.Helper()
	s.put(t, "/"+bucket, "", "")
	if s.Versioning {
		s.put(t, "/"+bucket, "versioning=", `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`+
			`<Status>Enabled</Status></VersioningConfiguration>`)
	}
}

// put sends one signed PUT request and fails the test unless it succeeds.
func (s *Server) put(t testing.TB, path, query, body string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPut, s.Endpoint+path+"?"+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	s.sign(req, body)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("PUT %s?%s: %s: %s", path, query, resp.Status, text)
	}
}

// sign adds an AWS signature, version 4, in the region us-east-1. Path and query must need no
// escaping and the query must be in its canonical form. Only the set-up of buckets needs it, which
// is no reason to depend on a client library.
func (s *Server) sign(req *http.Request, body string) {
	now := time.Now().UTC()
	stamp, scope := now.Format("20060102T150405Z"), now.Format("20060102")+"/us-east-1/s3/aws4_request"
	bodySum := hexSum(body)
	req.Header.Set("X-Amz-Date", stamp)
	req.Header.Set("X-Amz-Content-Sha256", bodySum)

	const signed = "host;x-amz-content-sha256;x-amz-date"
	canonical := strings.Join([]string{
		req.Method, req.URL.Path, req.URL.RawQuery,
		"host:" + req.URL.Host, "x-amz-content-sha256:" + bodySum, "x-amz-date:" + stamp, "",
		signed, bodySum,
	}, "\n")
	key := []byte("AWS4" + s.SecretKey)
	for _, part := range strings.Split(scope, "/") {
		key = mac(key, part)
	}
	signature := mac(key, strings.Join([]string{"AWS4-HMAC-SHA256", stamp, scope, hexSum(canonical)}, "\n"))
	req.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%x",
		s.AccessKey, scope, signed, signature))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
