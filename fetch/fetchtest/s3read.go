package fetchtest

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// read answers GET and HEAD of an object.
func (s *S3) read(w http.ResponseWriter, r *http.Request, key string, lie Lie) {
	version := r.URL.Query().Get("versionId")
	if lie == IgnoreConditions {
		version = ""
	}
	o := s.find(key, version)
	switch match := r.Header.Get("If-Match"); {
	case o == nil && version != "" && s.find(key, "") != nil:
		refuse(w, http.StatusNotFound, "NoSuchVersion")
	case o == nil:
		refuse(w, http.StatusNotFound, "NoSuchKey")
	case match != "" && match != strconv.Quote(o.etag) && lie != IgnoreConditions:
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
	case r.Method == http.MethodHead:
		o.identify(w.Header())
		w.Header().Set("Content-Length", strconv.Itoa(len(o.content)))
	default:
		o.send(w, r, lie)
	}
}

// identify sets the headers that every answer has.
func (o *s3object) identify(h http.Header) {
	h.Set("ETag", strconv.Quote(o.etag))
	h.Set("X-Amz-Version-Id", o.version)
	h.Set("Last-Modified", time.Unix(0, 0).UTC().Format(http.TimeFormat))
	for name, values := range o.mark {
		h[name] = values
	}
}

// send answers a GET with the range that is asked for.
func (o *s3object) send(w http.ResponseWriter, r *http.Request, lie Lie) {
	size := int64(len(o.content))
	first, last, ranged := parseRange(r.Header.Get("Range"), size)
	if ranged && first >= size {
		refuse(w, http.StatusRequestedRangeNotSatisfiable, "InvalidRange")
		return
	}
	h := w.Header()
	o.identify(h)
	lie.twistHeader(h)
	status := http.StatusOK
	if ranged && lie != IgnoreRange {
		status = http.StatusPartialContent
		h.Set("Content-Range", lie.contentRange(first, last, size))
	} else {
		first, last = 0, size-1
	}
	body := bytes.Clone(o.content[first : last+1])
	if lie == CorruptBytes && len(body) > 0 {
		body[len(body)/2] ^= 0x10
	}
	h.Set("Content-Length", strconv.Itoa(len(body)+lie.excess()))
	w.WriteHeader(status)
	lie.sendBody(w, r, body)
}

func (lie Lie) twistHeader(h http.Header) {
	switch lie {
	case NoETag:
		h.Del("ETag")
	case WrongETag:
		h.Set("ETag", `"0123456789abcdef"`)
	case OtherVersion:
		h.Set("X-Amz-Version-Id", "v999")
	}
}

// excess is how much the length that is told is off.
func (lie Lie) excess() int {
	switch lie {
	case LongLength:
		return 1
	case ShortLength:
		return -1
	}
	return 0
}

func (lie Lie) contentRange(first, last, size int64) string {
	switch lie {
	case WrongTotal:
		size++
	case WrongStart:
		first, last, size = first+1, last+1, max(size, last+2)
	}
	return fmt.Sprintf("bytes %d-%d/%d", first, last, size)
}

func (lie Lie) sendBody(w http.ResponseWriter, r *http.Request, body []byte) {
	switch lie {
	case ShortBody:
		w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	case Trickle:
		w.Write(body[:1])
		reset(w)
	case Hang:
		w.Write(body[:len(body)/2])
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case HangAtOnce:
		<-r.Context().Done()
	case ShortLength:
		w.Write(body[:len(body)-1])
	default:
		w.Write(body)
	}
}

// reset sends what is written so far and then a TCP reset.
func reset(w http.ResponseWriter) {
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	buffered.Flush()
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// parseRange reads "bytes=first-last" and cuts it at size.
func parseRange(header string, size int64) (first, last int64, ok bool) {
	if n, err := fmt.Sscanf(header, "bytes=%d-%d", &first, &last); n != 2 || err != nil {
		return 0, 0, false
	}
	return first, min(last, size-1), true
}
