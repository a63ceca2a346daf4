package fetchtest

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// write answers PUT and POST: objects, and the three steps of an upload in parts.
func (s *S3) write(w http.ResponseWriter, r *http.Request, key string, body []byte, lie Lie) {
	query := r.URL.Query()
	id := query.Get("uploadId")
	switch {
	case query.Has("uploads"):
		s.initiate(w, r, key)
	case id == "":
		s.putObject(w, r, key, body, lie)
	case s.uploads[id] == nil:
		refuse(w, http.StatusNotFound, "NoSuchUpload")
	case r.Method == http.MethodPut:
		s.putPart(w, id, query.Get("partNumber"), body)
	case lie == CompletionError:
		w.WriteHeader(http.StatusOK)
		fmt.Fprint(w, `<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>`)
	default:
		s.complete(w, r, key, id, body, lie)
	}
}

// taken reports that If-None-Match forbids the write.
func (s *S3) taken(r *http.Request, key string, lie Lie) bool {
	return lie != IgnoreConditions && r.Header.Get("If-None-Match") == "*" && s.find(key, "") != nil
}

func (s *S3) putObject(w http.ResponseWriter, r *http.Request, key string, body []byte, lie Lie) {
	if s.taken(r, key, lie) {
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	sum := md5.Sum(body)
	s.add(key, body, hex.EncodeToString(sum[:]), marks(r.Header)).identify(w.Header())
}

// marks picks the user's metadata.
func marks(h http.Header) http.Header {
	picked := http.Header{}
	for name, values := range h {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			picked[name] = values
		}
	}
	return picked
}

func (s *S3) initiate(w http.ResponseWriter, r *http.Request, key string) {
	s.serial++
	id := fmt.Sprintf("upload%d", s.serial)
	s.uploads[id] = &s3upload{mark: marks(r.Header), parts: map[int][]byte{}}
	fmt.Fprintf(w, `<InitiateMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>`,
		s.Bucket, key, id)
}

func (s *S3) putPart(w http.ResponseWriter, id, number string, body []byte) {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		refuse(w, http.StatusBadRequest, "InvalidArgument")
		return
	}
	s.uploads[id].parts[n] = body
	sum := md5.Sum(body)
	w.Header().Set("ETag", strconv.Quote(hex.EncodeToString(sum[:])))
}

func (s *S3) complete(w http.ResponseWriter, r *http.Request, key, id string, body []byte, lie Lie) {
	var list struct {
		Part []struct{ PartNumber int }
	}
	if err := xml.Unmarshal(body, &list); err != nil {
		refuse(w, http.StatusBadRequest, "MalformedXML")
		return
	}
	if s.taken(r, key, lie) {
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	upload, sums := s.uploads[id], md5.New()
	var content []byte
	for _, p := range list.Part {
		content = append(content, upload.parts[p.PartNumber]...)
		sum := md5.Sum(upload.parts[p.PartNumber])
		sums.Write(sum[:])
	}
	delete(s.uploads, id)
	o := s.add(key, content, fmt.Sprintf("%x-%d", sums.Sum(nil), len(list.Part)), upload.mark)
	o.identify(w.Header())
	lie.twistHeader(w.Header())
	etag := o.etag
	if lie == NoETag {
		etag = ""
	}
	fmt.Fprintf(w, `<CompleteMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><ETag>"%s"</ETag></CompleteMultipartUploadResult>`,
		s.Bucket, key, etag)
}

// remove answers DELETE of an upload, of a version or of an object with all its versions.
func (s *S3) remove(w http.ResponseWriter, r *http.Request, key string) {
	query := r.URL.Query()
	id, version := query.Get("uploadId"), query.Get("versionId")
	switch {
	case id != "" && s.uploads[id] == nil:
		refuse(w, http.StatusNotFound, "NoSuchUpload")
		return
	case id != "":
		delete(s.uploads, id)
	case version == "":
		delete(s.versions, key)
	default:
		kept := s.versions[key][:0]
		for _, o := range s.versions[key] {
			if o.version != version {
				kept = append(kept, o)
			}
		}
		s.versions[key] = kept
	}
	w.WriteHeader(http.StatusNoContent)
}
