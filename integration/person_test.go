package integration

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/pinfs/pinfs/integration/s3server"
)

// policies are those of docs/deploy/s3, as the documentation tells to use them: each is a bucket's, but on MinIO,
// which has bucket policies for everybody only, each user's part of it is his own.
type policies struct {
	server *s3server.Server
	files  []string // each is the policy of one bucket
}

// withPolicies starts a server whose buckets keep versions.
func withPolicies(t *testing.T, files ...string) policies {
	t.Helper()
	return policies{s3server.Start(t, s3server.Config{Versioning: true, Users: true}), files}
}

// person is somebody with a credential of his own.
type person struct {
	*user
	client *minio.Core
}

// people makes the users and the buckets, and puts the policies into effect.
func (p policies) people(t *testing.T, buckets ...string) (release, scratch person) {
	t.Helper()
	release, scratch = p.person(t, "release"), p.person(t, "scratch")
	for i, bucket := range buckets {
		p.server.MakeBucket(t, bucket)
		if p.server.Kind != s3server.MinIO {
			if err := stranger(t, p.server).SetBucketPolicy(t.Context(), bucket, p.ofBucket(t, p.files[i])); err != nil {
				t.Fatalf("%s as the policy of %s: %v", p.files[i], bucket, err)
			}
		}
	}
	return release, scratch
}

// ofBucket returns a file's policy with users as the server calls them.
func (p policies) ofBucket(t *testing.T, file string) string {
	t.Helper()
	text := string(p.read(t, file))
	if p.server.Kind == s3server.Ceph {
		const user = `"arn:aws:iam:::user/`
		text = strings.NewReplacer(`"release"`, user+`release"`, `"scratch"`, user+`scratch"`).Replace(text)
	}
	return text
}

// statements is what stands between the brackets of a file.
func (p policies) statements(t *testing.T, file string) string {
	t.Helper()
	text := p.ofBucket(t, file)
	return text[strings.Index(text, "[")+1 : strings.LastIndex(text, "]")]
}

func (p policies) read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../docs/deploy/s3", file))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (p policies) person(t *testing.T, name string) person {
	t.Helper()
	var keys credentials.Value
	if p.server.Kind == s3server.MinIO {
		keys = p.assume(t, p.of(t, name))
	} else {
		keys = credentials.Value{AccessKeyID: name, SecretAccessKey: p.server.NewUser(t, name)}
	}
	client, err := minio.NewCore(p.server.Endpoint[len("http://"):], &minio.Options{
		Creds: credentials.NewStaticV4(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken), Region: "us-east-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	return person{newUser(t, "PINFS_S3_ENDPOINT="+p.server.Endpoint, "AWS_ACCESS_KEY_ID="+keys.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+keys.SecretAccessKey, "AWS_SESSION_TOKEN="+keys.SessionToken), client}
}

// of returns what the policies say of one user, as a policy of his own.
func (p policies) of(t *testing.T, name string) string {
	t.Helper()
	var own struct{ Version, Statement any }
	var statements []map[string]any
	for _, file := range p.files {
		var all struct {
			Version   string
			Statement []map[string]any
		}
		if err := json.Unmarshal(p.read(t, file), &all); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		own.Version = all.Version
		for _, s := range all.Statement {
			if strings.Contains(fmt.Sprint(s["Principal"]), name) {
				delete(s, "Principal")
				s["Sid"] = fmt.Sprint(s["Sid"], len(statements))
				statements = append(statements, s)
			}
		}
	}
	own.Statement = statements
	b, err := json.Marshal(own)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// assume gets a credential of MinIO that has a policy of its own.
func (p policies) assume(t *testing.T, policy string) credentials.Value {
	t.Helper()
	c, err := credentials.NewSTSAssumeRole(p.server.Endpoint, credentials.STSAssumeRoleOptions{
		AccessKey: p.server.AccessKey, SecretKey: p.server.SecretKey, Location: "us-east-1", Policy: policy,
	})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := c.GetWithContext(&credentials.CredContext{Client: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// contents lists all versions of all objects.
func (p policies) contents(t *testing.T, bucket string) (all []minio.ObjectInfo) {
	t.Helper()
	for o := range stranger(t, p.server).ListObjects(t.Context(), bucket, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b minio.ObjectInfo) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.VersionID, b.VersionID))
	})
	return all
}

// removeNewest deletes the newest version of an object, as the bucket's owner. On Ceph he may not read it: it
// belongs to who has put it there.
func (p policies) removeNewest(t *testing.T, bucket, key string) {
	t.Helper()
	for _, o := range p.contents(t, bucket) {
		if o.Key == key && o.IsLatest {
			if err := stranger(t, p.server).RemoveObject(t.Context(), bucket, key, minio.RemoveObjectOptions{VersionID: o.VersionID}); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("there is no %s", key)
}

// unchanged fails if there is anything else in the bucket after what than before.
func (p policies) unchanged(t *testing.T, bucket string, what func()) {
	t.Helper()
	list := func() (lines []string) {
		for _, o := range p.contents(t, bucket) {
			lines = append(lines, fmt.Sprint(o.Key, " ", o.VersionID, " ", o.ETag, " ", o.IsDeleteMarker))
		}
		return lines
	}
	before := list()
	what()
	if after := list(); !slices.Equal(before, after) {
		t.Errorf("%s changed from\n%s\nto\n%s", bucket, strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}

// put writes over whatever is at key.
func (p person) put(bucket, key string) error {
	b := []byte("other bytes")
	_, err := p.client.Client.PutObject(context.Background(), bucket, key, bytes.NewReader(b), int64(len(b)), minio.PutObjectOptions{})
	return err
}

// wantRefused fails unless err says that the store itself has refused what was tried.
func wantRefused(t *testing.T, what string, err error) {
	t.Helper()
	if minio.ToErrorResponse(err).StatusCode != http.StatusForbidden {
		t.Errorf("%s: %v, want that the store refuses it", what, err)
	}
}

// canNotRemove fails unless the store keeps an object and its version from being deleted.
func (p person) canNotRemove(t *testing.T, bucket string, o minio.ObjectInfo) {
	t.Helper()
	wantRefused(t, "delete "+o.Key, p.client.RemoveObject(t.Context(), bucket, o.Key, minio.RemoveObjectOptions{}))
	wantRefused(t, "delete a version of "+o.Key,
		p.client.RemoveObject(t.Context(), bucket, o.Key, minio.RemoveObjectOptions{VersionID: o.VersionID}))
}
