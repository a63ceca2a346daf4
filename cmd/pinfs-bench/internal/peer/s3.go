package peer

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
)

// s3fs mounts the bucket as a worker node has it in its fstab, with a disk cache of its own.
func s3fs(ctx context.Context, i Image, m *Mount) error {
	work, err := m.scratch(i, "s3fs")
	if err != nil {
		return err
	}
	bucket, cache, passwd := filepath.Join(work, "mnt"), filepath.Join(work, "cache"), filepath.Join(work, "passwd")
	if err := directories(bucket, cache); err != nil {
		return err
	}
	if err := os.WriteFile(passwd, []byte(i.S3.AccessKey+":"+i.S3.SecretKey+"\n"), 0o600); err != nil {
		return err
	}
	c := exec.Command("s3fs", i.S3.Bucket, bucket, "-f", "-o", "allow_other,use_path_request_style,passwd_file="+passwd+
		",url="+i.S3.Endpoint+",use_cache="+cache)
	if err := m.serve(ctx, bucket, c); err != nil {
		return err
	}
	return m.loop(ctx, filepath.Join(bucket, i.Key))
}

// rclone mounts the bucket with the cache that it recommends for files that are not read in order.
func rclone(ctx context.Context, i Image, m *Mount) error {
	work, err := m.scratch(i, "rclone")
	if err != nil {
		return err
	}
	bucket, cache := filepath.Join(work, "mnt"), filepath.Join(work, "cache")
	if err := directories(bucket, cache); err != nil {
		return err
	}
	c := exec.Command("rclone", "mount", ":s3:"+i.S3.Bucket, bucket, "--read-only", "--allow-other",
		"--vfs-cache-mode", "full", "--cache-dir", cache, "--config", os.DevNull)
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + work, "RCLONE_S3_PROVIDER=Other", "RCLONE_S3_ENDPOINT=" + i.S3.Endpoint,
		"RCLONE_S3_ACCESS_KEY_ID=" + i.S3.AccessKey, "RCLONE_S3_SECRET_ACCESS_KEY=" + i.S3.SecretKey,
	}
	if err := m.serve(ctx, bucket, c); err != nil {
		return err
	}
	return m.loop(ctx, filepath.Join(bucket, i.Key))
}

func directories(names ...string) error {
	for _, name := range names {
		if err := os.Mkdir(name, 0o755); err != nil {
			return err
		}
	}
	return nil
}
