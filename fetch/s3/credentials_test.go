package s3

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
	"github.com/pinfs/pinfs/integration/s3server"
)

// writeKeys writes a credentials file and returns its path.
func writeKeys(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if path == "" {
		path = filepath.Join(t.TempDir(), "passwd-s3fs")
	}
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
	return path
}

// noAWS hides what the machine may have.
func noAWS(t *testing.T) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY",
		"AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"} {
		t.Setenv(name, "")
	}
}

func TestCredentialSources(t *testing.T) {
	shared := "[default]\naws_access_key_id = shared\naws_secret_access_key = s4\n"
	for name, c := range map[string]struct {
		cfg    Config
		env    string
		shared string
		want   string
	}{
		"Static": {cfg: Config{AccessKey: "static", SecretKey: "s1"}, env: "env", shared: shared, want: "static"},
		"File":   {cfg: Config{CredentialsFile: writeKeys(t, "", "# comment\n\n file:s2 \n", 0o600)}, env: "env", shared: shared, want: "file"},
		"Env":    {env: "env", shared: shared, want: "env"},
		"Shared": {shared: shared, want: "shared"},
		"None":   {want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			noAWS(t)
			if c.env != "" {
				t.Setenv("AWS_ACCESS_KEY_ID", c.env)
				t.Setenv("AWS_SECRET_ACCESS_KEY", "s3")
			}
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", writeKeys(t, "", c.shared, 0o600))
			w, err := newWallet(c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := w.current(); err != nil || got.access != c.want {
				t.Errorf("access key %q, %v, want %q", got.access, err, c.want)
			}
		})
	}
}

func TestBadCredentialsFiles(t *testing.T) {
	for name, path := range map[string]string{
		"chmod 600":     writeKeys(t, "", "access:"+wordNobodyMaySee, 0o640),
		"chmod 600 ":    writeKeys(t, "", "access:"+wordNobodyMaySee, 0o604),
		"no such file":  filepath.Join(t.TempDir(), "missing"),
		"ACCESS:SECRET": writeKeys(t, "", wordNobodyMaySee+"\n", 0o600),
		"one line":      writeKeys(t, "", "bucket:access:"+wordNobodyMaySee, 0o600),
		"want one line": writeKeys(t, "", "\n# only a comment\n", 0o600),
	} {
		_, err := New(Config{Bucket: "bucket", CredentialsFile: path})
		if !errors.Is(err, fetch.ErrDenied) || !strings.Contains(err.Error(), path) ||
			!strings.Contains(err.Error(), strings.TrimSpace(name)) || strings.Contains(err.Error(), wordNobodyMaySee) {
			t.Errorf("New = %v, want ErrDenied, %q and the path but no secret", err, name)
		}
	}
}

// TestCredentialsAreReloaded: a rotated key does not need a new mount.
func TestCredentialsAreReloaded(t *testing.T) {
	server := fetchtest.NewS3(t)
	content := fetchtest.Random(100, 1)
	loc := server.Put("key", content)
	server.Lie(fetchtest.Forbidden, func(r *http.Request) bool {
		return !strings.Contains(r.Header.Get("Authorization"), "Credential=new/")
	})
	path := writeKeys(t, "", "old:secret", 0o600)
	s := open(t, Config{Endpoint: server.Endpoint, Bucket: server.Bucket, CredentialsFile: path})
	src := newSource(t, s, loc)
	if err := src.ReadAt(t.Context(), make([]byte, 10), 0); !errors.Is(err, fetch.ErrDenied) {
		t.Fatalf("ReadAt with the old key = %v, want ErrDenied", err)
	}
	if n := len(server.Requests()); n != 1 {
		t.Errorf("a denied read sent %d requests, want 1 while the credentials are the same", n)
	}
	writeKeys(t, path, "new:secret", 0o600)
	fetchtest.TestSource(t, src, content)
}

// TestWrongCredentials: the real server's answers, coarse as they are, get the right verdict.
func TestWrongCredentials(t *testing.T) {
	server := s3server.Start(t, s3server.Config{}) // needs the real home, for its binary
	noAWS(t)
	bucket := server.NewBucket(t)
	for want, cfg := range map[string]Config{
		"access key":     {AccessKey: "nobody", SecretKey: Secret(server.SecretKey)},
		"secret key":     {AccessKey: server.AccessKey, SecretKey: "wrong"},
		"no credentials": {},
	} {
		cfg.Endpoint, cfg.Bucket = server.Endpoint, bucket
		s := open(t, cfg)
		_, statErr := s.Stat(t.Context(), "key")
		_, createErr := s.Create(t.Context(), "key", strings.NewReader("x"), 1)
		_, _, getErr := s.Get(t.Context(), "key", 10)
		var listErr error
		for _, err := range s.List(t.Context(), "") {
			listErr = err
		}
		for call, err := range map[string]error{
			"Stat": statErr, "Create": createErr, "Get": getErr, "List": listErr, "Remove": s.Remove(t.Context(), "key"),
		} {
			if !errors.Is(err, fetch.ErrDenied) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s = %v, want ErrDenied and %q", call, err, want)
			}
		}
	}
}
