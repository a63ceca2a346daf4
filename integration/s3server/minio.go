package s3server

import (
	"os/exec"
	"path/filepath"
	"testing"
)

func (s *Server) prepareMinIO(t testing.TB) {
	t.Helper()
	binary := build(t, MinIO)
	home := t.TempDir()
	s.health = "/minio/health/cluster" // "ready" comes before it takes requests
	s.command = func() *exec.Cmd {
		cmd := exec.Command(binary, "server", "--quiet", "--address", s.address,
			"--certs-dir", filepath.Join(home, "certs"), s.Dir)
		cmd.Env = []string{
			"MINIO_ROOT_USER=" + s.AccessKey, "MINIO_ROOT_PASSWORD=" + s.SecretKey, "HOME=" + home,
			"MINIO_BROWSER=off", "MINIO_UPDATE=off",
			"MINIO_CI_CD=on", // it may keep its objects on the disk that the system is on
		}
		return cmd
	}
}
