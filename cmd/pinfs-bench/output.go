package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/report"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/result"
)

// write writes the report in all its forms, and the text to stdout.
func write(cfg config, r result.Result, stdout io.Writer) error {
	var text, markdown bytes.Buffer
	report.Text(&text, r)
	charts := func(s result.Setting) []string { return chartPaths(s, "") }
	report.Markdown(&markdown, r, charts)
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"report.txt": text.Bytes(), "report.md": markdown.Bytes(), "report.json": data} {
		if err := os.WriteFile(filepath.Join(cfg.out, name), content, 0o644); err != nil {
			return err
		}
	}
	if err := draw(r, cfg.out); err != nil {
		return err
	}
	if cfg.docs != "" {
		if err := document(cfg.docs, r); err != nil {
			return err
		}
	}
	_, err = text.WriteTo(stdout)
	return err
}

// document rewrites the section of a document, and the charts in the folder beside it.
func document(name string, r result.Result) error {
	const folder = "bench"
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var section bytes.Buffer
	report.Markdown(&section, r, func(s result.Setting) []string { return chartPaths(s, folder+"/") })
	text, err := report.Section(string(old), section.String())
	if err != nil {
		return err
	}
	if err := draw(r, filepath.Join(filepath.Dir(name), folder)); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

// chartPaths names the files that draw writes, in order.
func chartPaths(s result.Setting, prefix string) (paths []string) {
	for _, what := range slices.Sorted(maps.Keys(report.Charts(s))) {
		paths = append(paths, prefix+s.Name+"-"+what+".svg")
	}
	return paths
}

// draw writes all charts to a directory.
func draw(r result.Result, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, s := range r.Settings {
		for what, c := range report.Charts(s) {
			var svg bytes.Buffer
			if err := c.SVG(&svg); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, s.Name+"-"+what+".svg"), svg.Bytes(), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
