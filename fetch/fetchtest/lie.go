package fetchtest

// Lie is one way in which the server S3 answers wrongly.
type Lie int

const (
	// Honest is no lie: ranges, conditions and versions work as documented by AWS.
	Honest Lie = iota

	// The following concern GET of an object.

	IgnoreRange // sends all of it, status 200
	WrongTotal  // Content-Range says that the object is a byte larger
	WrongStart  // Content-Range begins a byte later
	NoETag      // identity is left out; also when parts are put together
	WrongETag   // the right bytes under another ETag
	OtherVersion
	ShortBody    // half of the bytes, then the connection is closed
	Trickle      // one byte, then the connection is reset
	CorruptBytes // one bit of the body is flipped
	Hang         // half of the bytes, then nothing until the client gives up
	HangAtOnce   // nothing at all until the client gives up
	LongLength   // Content-Length is a byte more than Content-Range says, and than what comes
	ShortLength  // Content-Length and the body are a byte less

	// The following concern every request.

	IgnoreConditions // If-Match, If-None-Match and versionId count for nothing
	LostAnswer       // does what it is asked, except GET and HEAD, and closes the connection
	ServerError      // 500
	SlowDown         // 503 with the code SlowDown
	TooMany          // 429
	Busy             // 429 that asks for a pause of a second
	BusyForLong      // 503 that asks for a pause of an hour
	BadGateway       // 502 with a page in HTML, as proxies send it
	Forbidden        // 403
	Redirect         // 301
	Circle           // 307 to where the request is sent, for ever
	NotMine          // 400, as a server says that does not understand the request
	Unable           // 501, as a server says that understands, but can not do it

	// CompletionError answers the completion of an upload with status 200 and an error in the body.
	CompletionError
)

// refusals are the lies that answer every request in the same way.
var refusals = map[Lie]struct {
	status int
	body   string
	header [2]string // name and value of one more
}{
	ServerError: {status: 500, body: `<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>`},
	SlowDown:    {status: 503, body: `<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`},
	TooMany:     {status: 429},
	Busy:        {status: 429, header: [2]string{"Retry-After", "1"}},
	BusyForLong: {status: 503, header: [2]string{"Retry-After", "3600"}},
	Circle:      {status: 307, header: [2]string{"Location", "?again"}},
	NotMine:     {status: 400, body: "Client sent an HTTP request to an HTTPS server."},
	Unable:      {status: 501, body: `<Error><Code>NotImplemented</Code><Message>No.</Message></Error>`},
	BadGateway:  {status: 502, body: "<html>\n<body>Bad Gateway</body></html>"},
	Forbidden:   {status: 403, body: `<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>`},
	Redirect:    {status: 301, body: `<Error><Code>PermanentRedirect</Code><Message>Elsewhere.</Message></Error>`},
}
