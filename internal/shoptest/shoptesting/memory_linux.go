package shoptesting

import "syscall"

// Memory is a folder in memory with room for servers, where there is one: making and
// dropping tables is mostly waiting for the disk, and what is tried here is that a
// server survives its process being killed, not the machine. The tests' own files,
// journals above all, stay on the disk.
func Memory() string {
	const (
		folder = "/dev/shm"
		tmpfs  = 0x01021994 // linux/magic.h
		room   = 4 << 30
	)
	var st syscall.Statfs_t
	if syscall.Statfs(folder, &st) != nil || st.Type != tmpfs || int64(st.Bavail)*int64(st.Bsize) < room || syscall.Access(folder, 2) != nil {
		return ""
	}
	return folder
}
