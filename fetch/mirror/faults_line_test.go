package mirror_test

import (
	"testing"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
)

// inBody is within the body of an answer: its headers have less than 1 KiB, the body far more.
const inBody = 100_000

// silences are what only a limit ends.
var silences = []fault{
	{"Mute", breaks(fetchtest.Mute, 0), setup{stall: stall}, fetch.ErrUnavailable, "nothing for 400ms"},
	{"MuteInHeaders", breaks(fetchtest.Mute, 20), setup{stall: stall}, fetch.ErrUnavailable, "nothing for 400ms"},
	{"MuteInBody", breaks(fetchtest.Mute, inBody), setup{stall: stall}, fetch.ErrUnavailable, "400ms"},
	{"DripInHeaders", breaks(fetchtest.Drip, 0), setup{stall: stall}, fetch.ErrUnavailable, "400ms"},
	{"DripInBody", breaks(fetchtest.Drip, inBody), setup{stall: stall}, fetch.ErrUnavailable, "400ms"},
	{"MuteTLS", onlyBreaks(fetchtest.Mute), setup{stall: stall, tls: true, scheme: "https"}, fetch.ErrUnavailable, "TLS handshake timeout"},
	{"DripTLS", onlyBreaks(fetchtest.Drip), setup{stall: stall, tls: true, scheme: "https"}, fetch.ErrUnavailable, "TLS handshake timeout"},
}

// onlyBreaks is breaks from the first byte on where the source does not work otherwise either.
func onlyBreaks(how fetchtest.LineEnd) func(*site) func() {
	return func(s *site) func() {
		breaks(how, 0)(s)
		return nil
	}
}

// cuts are ends of connections.
var cuts = []fault{
	{"Refused", func(s *site) func() { s.line.Down(); return nil }, setup{}, fetch.ErrUnavailable, "connection refused; check that http://127.0.0.1:"},
	{"SnapAtOnce", breaks(fetchtest.Snap, 0), setup{}, fetch.ErrUnavailable, "connection reset"},
	{"SnapInHeaders", breaks(fetchtest.Snap, 20), setup{}, fetch.ErrUnavailable, ""},
	{"SnapInBody", breaks(fetchtest.Snap, inBody), setup{}, fetch.ErrUnavailable, "connection reset"},
	{"ShutAtOnce", breaks(fetchtest.Shut, 0), setup{}, fetch.ErrUnavailable, ""},
	{"ShutInHeaders", breaks(fetchtest.Shut, 20), setup{}, fetch.ErrUnavailable, ""},
	{"ShutInBody", breaks(fetchtest.Shut, inBody), setup{}, fetch.ErrUnavailable, "short body"},
	{"SnapThenGood", breaksFirst(fetchtest.Snap, inBody, 3), setup{}, "", ""},
	{"ShutThenGood", breaksFirst(fetchtest.Shut, inBody, 3), setup{}, "", ""},
	{"MuteThenGood", breaksFirst(fetchtest.Mute, 0, 1), setup{stall: stall}, "", ""},
	{"DripThenGood", breaksFirst(fetchtest.Drip, inBody, 1), setup{stall: stall}, "", ""},
}

// TestFaultsOfTheLine breaks connections.
func TestFaultsOfTheLine(t *testing.T) { runAll(t, kinds, cuts) }

// TestSilences has connections that stay open.
func TestSilences(t *testing.T) { runAll(t, kinds, silences) }

// encryption is what goes wrong before a request is understood.
var encryption = []fault{
	{"UnknownCA", well, setup{tls: true, scheme: "https"}, fetch.ErrUnavailable, "name the certificate authority of https://127.0.0.1:"},
	{"PlainToTLS", well, setup{tls: true}, fetch.ErrUnavailable, "http or https"},
	{"TLSToPlain", well, setup{scheme: "https"}, fetch.ErrUnavailable, "HTTP response to HTTPS client"},
}

// names are what goes wrong before there is an address; nameserver knows them.
var names = []fault{
	{"NoSuchHost", well, setup{host: "nowhere.test"}, fetch.ErrUnavailable, "no such host"},
	{"NameServerFails", well, setup{host: "failing.test"}, fetch.ErrUnavailable, "lookup failing.test"},
	{"NameServerIsSilent", well, setup{host: "silent.test", stall: stall}, fetch.ErrUnavailable, "lookup silent.test"},
	{"NameIsKnown", well, setup{host: "known.test"}, "", ""},
}

// TestFaultsOfNames has no address for a server.
func TestFaultsOfNames(t *testing.T) { runAll(t, kinds, names) }

func well(*site) func() { return nil }

// TestFaultsOfEncryption has client and server speak differently.
func TestFaultsOfEncryption(t *testing.T) { runAll(t, kinds, encryption) }
