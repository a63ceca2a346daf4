package wire

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	dialTimeout    = 10 * time.Second
	tlsTimeout     = 10 * time.Second
	idleTimeout    = 60 * time.Second
	maxConnections = 64
)

// NewTransport returns connections of one store alone; a server has the time answerWithin for each step
// until it begins its answer: to be connected, to agree on encryption, to answer. It ignores proxy
// variables: a store behind a site's web proxy must be an explicit choice. Compression stays off, or
// byte ranges would be those of something else.
func NewTransport(roots *x509.CertPool, answerWithin time.Duration) *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: min(dialTimeout, answerWithin), KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   min(tlsTimeout, answerWithin),
		ResponseHeaderTimeout: answerWithin,
		IdleConnTimeout:       idleTimeout,
		MaxConnsPerHost:       maxConnections,
		MaxIdleConns:          maxConnections,
		MaxIdleConnsPerHost:   maxConnections,
		WriteBufferSize:       64 << 10,
		DisableCompression:    true,
	}
}

// LoadRoots returns the certificates to trust: the system's and those of a file in PEM form. With no
// file it returns nil, which stands for the system's.
func LoadRoots(caFile string) (*x509.CertPool, error) {
	if caFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("CA file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA file %s: no certificate in PEM form in it", caFile)
	}
	return pool, nil
}
