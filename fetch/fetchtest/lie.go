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
	NoETag      // identity is left out
	WrongETag   // the right bytes under another ETag
	OtherVersion
	ShortBody    // half of the bytes, then the connection is closed
	Trickle      // one byte, then the connection is reset
	CorruptBytes // one bit of the body is flipped
	Hang         // half of the bytes, then nothing until the client gives up
	HangAtOnce   // nothing at all until the client gives up

	// The following concern every request.

	IgnoreConditions // If-Match, If-None-Match and versionId count for nothing
	LostAnswer       // does what it is asked, except GET and HEAD, and closes the connection
	ServerError      // 500
	SlowDown         // 503 with the code SlowDown
	TooMany          // 429
	BadGateway       // 502 with a page in HTML, as proxies send it
	Forbidden        // 403
	Redirect         // 301

	// CompletionError answers the completion of an upload with status 200 and an error in the body.
	CompletionError
)

// refusals are the lies that answer every request in the same way.
var refusals = map[Lie]struct {
	status int
	body   string
}{
	ServerError: {500, `<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>`},
	SlowDown:    {503, `<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`},
	TooMany:     {429, ``},
	BadGateway:  {502, "<html>\n<body>Bad Gateway</body></html>"},
	Forbidden:   {403, `<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>`},
	Redirect:    {301, `<Error><Code>PermanentRedirect</Code><Message>Elsewhere.</Message></Error>`},
}
