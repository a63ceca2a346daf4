package s3

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/pinfs/pinfs/fetch"
)

// keys tells which credentials are in use; nobody may print it.
type keys struct{ access, secret, token string }

// wallet holds the credentials of one store.
type wallet struct{ *credentials.Credentials }

// newWallet picks the provider that c asks for and tries it, so that a bad file is told at once.
func newWallet(c Config) (wallet, error) {
	var w wallet
	switch {
	case c.AccessKey != "":
		w.Credentials = credentials.NewStaticV4(c.AccessKey, string(c.SecretKey), string(c.SessionToken))
	case c.CredentialsFile != "":
		w.Credentials = credentials.New(&keyFile{path: c.CredentialsFile})
	default:
		w.Credentials = credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{},
		})
	}
	_, err := w.current()
	return w, err
}

func (w wallet) current() (keys, error) {
	v, err := w.GetWithContext(nil)
	return keys{v.AccessKeyID, v.SecretAccessKey, v.SessionToken}, err
}

// anonymous reports that no credentials were found.
func (w wallet) anonymous() bool {
	k, err := w.current()
	return err == nil && k == keys{}
}

// changed reads the credentials anew and reports whether they are others than used.
func (w wallet) changed(used keys) bool {
	w.Expire()
	now, err := w.current()
	return err == nil && now != used
}

// withCredentials runs op and, when it was denied and there are new credentials meanwhile, once
// more. The pause that the server asks for goes along with the error.
func (s *Store) withCredentials(ctx context.Context, op func(context.Context) error) error {
	ctx, asked := withNote(ctx)
	used, _ := s.wallet.current()
	err := op(ctx)
	if fetch.VerdictOf(err) == fetch.ErrDenied && ctx.Err() == nil && s.wallet.changed(used) {
		err = op(ctx)
	}
	return asked.add(err)
}

// keyFile reads credentials from a file of the form that s3fs has.
type keyFile struct{ path string }

var _ credentials.Provider = (*keyFile)(nil)

// RetrieveWithCredContext reads the file.
func (f *keyFile) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	return f.Retrieve()
}

// Retrieve reads the file. The mode and the content are of the same state of it.
func (f *keyFile) Retrieve() (credentials.Value, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return credentials.Value{}, &credentialsError{err: err}
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return credentials.Value{}, &credentialsError{err: err}
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o077 != 0 {
		return credentials.Value{}, &credentialsError{fmt.Errorf("%s has mode %v, others must not read it: chmod 600 %s", f.path, mode, f.path)}
	}
	text := make([]byte, 4096)
	n, _ := file.Read(text)
	return f.parse(text[:n])
}

// parse finds the first line that is neither empty nor a comment.
func (f *keyFile) parse(text []byte) (credentials.Value, error) {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		access, secret, _ := strings.Cut(line, ":")
		if access == "" || secret == "" || strings.Contains(secret, ":") {
			break
		}
		return credentials.Value{AccessKeyID: access, SecretAccessKey: secret, SignerType: credentials.SignatureV4}, nil
	}
	return credentials.Value{}, &credentialsError{fmt.Errorf("%s: want one line ACCESS:SECRET", f.path)}
}

// IsExpired is false: only a denial makes the store read the file again.
func (f *keyFile) IsExpired() bool { return false }

// credentialsError reports credentials that can not be used; it matches ErrDenied.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return "credentials: " + e.err.Error() }

func (e *credentialsError) Unwrap() []error { return []error{fetch.ErrDenied, e.err} }
