package s3

import (
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/minio/minio-go/v7/pkg/s3utils"
)

// Config says which bucket of which server and who asks. Only Bucket is needed.
//
// Credentials are the first of these that is given: AccessKey and SecretKey, CredentialsFile, the
// AWS_* environment variables, the AWS shared credentials file. With none of them requests go
// unsigned. Files are read again when the server denies a request.
type Config struct {
	Bucket   string
	Endpoint string // http://host:port or https://host:port; default: AWS in Region
	Region   string // default us-east-1

	AccessKey       string
	SecretKey       Secret
	SessionToken    Secret
	CredentialsFile string // one line ACCESS:SECRET, as s3fs has it; readable by nobody else

	CAFile   string // certificates in PEM form to trust besides the system's
	PartSize int64  // bytes of one part of an upload; 5 MiB to 5 GiB, default 16 MiB

	// Stall ends a request for data when nothing has arrived for so long; default 8 s. Uploads have
	// their own, longer limit.
	Stall time.Duration
}

const (
	defaultRegion   = "us-east-1"
	defaultPartSize = 16 << 20
	defaultStall    = 8 * time.Second
	minPartSize     = 5 << 20 // smaller parts are refused by servers
	maxPartSize     = 5 << 30
	maxParts        = 10000
)

// Secret is a string that no fmt verb, JSON encoder or slog handler shows.
type Secret string

// hidden stands wherever a Secret would be printed.
const hidden = "[secret]"

// Format implements fmt.Formatter for every verb.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, hidden) }

// MarshalText hides the secret from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// complete fills in defaults and checks what can be checked without the server.
func (c Config) complete() (Config, error) {
	if err := s3utils.CheckValidBucketName(c.Bucket); err != nil {
		return c, fmt.Errorf("bucket %q: %w", c.Bucket, err)
	}
	if c.Region == "" {
		c.Region = defaultRegion
	}
	if c.Endpoint == "" {
		c.Endpoint = "https://s3." + c.Region + ".amazonaws.com"
	}
	if c.Stall <= 0 {
		c.Stall = defaultStall
	}
	if c.PartSize == 0 {
		c.PartSize = defaultPartSize
	}
	if c.PartSize < minPartSize || c.PartSize > maxPartSize {
		return c, fmt.Errorf("part size %d: want %d to %d bytes", c.PartSize, int64(minPartSize), int64(maxPartSize))
	}
	if (c.AccessKey == "") != (c.SecretKey == "") {
		return c, fmt.Errorf("bucket %s: access key and secret key must be given together", c.Bucket)
	}
	return c, nil
}

// endpoint splits the URL of the server into what the client library wants.
func (c Config) endpoint() (host string, tls bool, err error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return "", false, fmt.Errorf("S3 endpoint is not of the form http://host:port or https://host:port")
	}
	return u.Host, u.Scheme == "https", nil
}
