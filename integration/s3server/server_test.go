package s3server

import (
	"net/http"
	"os"
	"testing"
)

func TestBuildReusesTheBinary(t *testing.T) {
	first, err := Build(Versitygw)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Build(Versitygw)
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(second)
	if err != nil || first != second || !os.SameFile(before, after) {
		t.Errorf("second Build() = %s, %v, want the file of the first, %s", second, err, first)
	}
}

func TestBucketIsADirectory(t *testing.T) {
	for _, versioning := range []bool{false, true} {
		s := Start(t, Config{Kind: Versitygw, Versioning: versioning})
		bucket := s.NewBucket(t)
		if info, err := os.Stat(s.StoredFile(bucket, "")); err != nil || !info.IsDir() {
			t.Errorf("versioning %v: no directory for bucket %s: %v", versioning, bucket, err)
		}
	}
}

func TestStopAndRestart(t *testing.T) {
	s := Start(t, Config{})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	s.Stop()
	if resp, err := client.Get(s.Endpoint + s.health); err == nil {
		resp.Body.Close()
		t.Fatal("a stopped server answers")
	}
	s.Restart(t)
	resp, err := client.Get(s.Endpoint + s.health)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	s.NewBucket(t)
}

func TestBuilt(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if path, err := Built(Versitygw); err == nil {
		t.Errorf("Built() = %s where nothing was built", path)
	}
	if _, err := Built(Ceph); err == nil {
		t.Error("Built of a server that nobody builds succeeds")
	}
}
