package state

import "testing"

func TestParseMount(t *testing.T) {
	tests := []struct {
		line string
		want Mount
		ok   bool
	}{
		{`36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=continue`, Mount{36, "98:0", "/mnt", "ext3", "/dev/root", 0}, true},
		{`40 35 0:52 / /a\040b\134 ro,nosuid - fuse.pinfs s3://b/n\040x ro,user_id=7,group_id=0`, Mount{40, "0:52", `/a b\`, "fuse.pinfs", "s3://b/n x", 7}, true},
		{`40 35 0:52 / /mnt rw - tmpfs  rw`, Mount{40, "0:52", "/mnt", "tmpfs", "", 0}, true},
		{`40 35 0:52 / /x\04 rw - tmpfs none rw`, Mount{40, "0:52", `/x\04`, "tmpfs", "none", 0}, true},
		{`garbage`, Mount{}, false},
		{``, Mount{}, false},
		{` - `, Mount{}, false},
	}
	for _, tt := range tests {
		if got, ok := parseMount(tt.line); got != tt.want || ok != tt.ok {
			t.Errorf("parseMount(%q) = %+v, %v, want %+v, %v", tt.line, got, ok, tt.want, tt.ok)
		}
	}
}

func TestMountAt(t *testing.T) {
	if m, found, err := MountAt("/proc"); err != nil || !found || m.Type != "proc" {
		t.Errorf("MountAt(/proc) = %+v, %v, %v, want type proc", m, found, err)
	}
	if m, found, err := MountAt("/proc/self"); err != nil || found {
		t.Errorf("MountAt(/proc/self) = %+v, %v, %v, want none", m, found, err)
	}
}
