package http

import (
	"fmt"
	nethttp "net/http"
	"net/url"

	"github.com/pinfs/pinfs/fetch"
)

const maxRedirects = 5

// checkRedirect says whether to follow a redirect to req after the requests via, oldest first. Only
// the host and path of a URL are told: the rest may be a password or a signature. That is also why
// the next server does not learn where the redirect came from.
func checkRedirect(req *nethttp.Request, via []*nethttp.Request) error {
	req.Header.Del("Referer")
	from, to := via[len(via)-1].URL, req.URL
	switch {
	case to.Scheme != "http" && to.Scheme != "https" || to.Hostname() == "" || to.User != nil:
		return fmt.Errorf("%w: a redirect to %s, which is no plain http or https URL", fetch.ErrUnavailable, brief(to))
	case from.Scheme == "https" && to.Scheme != "https":
		return fmt.Errorf("%w: a redirect from https to %s, which is not encrypted", fetch.ErrUnavailable, brief(to))
	case to.Host == from.Host && to.Path == from.Path+"/":
		return fmt.Errorf("%w: a directory is there", fetch.ErrNotFound)
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d redirects, the last one to %s", fetch.ErrUnavailable, maxRedirects, brief(to))
	}
	for _, earlier := range via {
		if *earlier.URL == *to {
			return fmt.Errorf("%w: the redirects go round in circles, back to %s", fetch.ErrUnavailable, brief(to))
		}
	}
	return nil
}

// brief is what may be told of a URL.
func brief(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
