package s3

import (
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
)

func TestCAFile(t *testing.T) {
	objects := fetchtest.NewS3(t)
	content := fetchtest.Random(100, 1)
	loc := objects.Put("key", content)
	server := httptest.NewUnstartedServer(objects)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	cfg := Config{Endpoint: server.URL, Bucket: objects.Bucket, AccessKey: "access", SecretKey: "secret"}

	_, err := open(t, cfg).Stat(t.Context(), "key")
	if !errors.Is(err, fetch.ErrUnavailable) || !strings.Contains(err.Error(), "certificate authority of "+server.URL) {
		t.Errorf("Stat without the CA file = %v, want ErrUnavailable and what to do", err)
	}
	cfg.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(cfg.CAFile, block, 0o644); err != nil {
		t.Fatal(err)
	}
	fetchtest.TestSource(t, newSource(t, open(t, cfg), loc), content)
}
