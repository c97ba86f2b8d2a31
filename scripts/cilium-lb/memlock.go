package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
)

// memlock reads what the kernel accounts for each of this process's maps, as bpftool does. The kernel keeps 15
// characters of a name, in which two maps of Cilium agree: sizes of key and value tell them apart.
func memlock() (map[string]uint64, error) {
	descriptors, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	out := map[string]uint64{}
	for _, each := range descriptors {
		target, _ := os.Readlink("/proc/self/fd/" + each.Name())
		if target != "anon_inode:bpf-map" {
			continue
		}
		fd, err := strconv.Atoi(each.Name())
		if err != nil {
			return nil, err
		}
		name, bytes, err := accounted(fd)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(name, "cilium_lb") {
			out[name] = bytes
		}
	}
	return out, nil
}

// accounted is a map's name and sizes, and its bytes.
func accounted(fd int) (string, uint64, error) {
	file, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	if err != nil {
		return "", 0, err
	}
	fields := fieldsOf(string(file))
	id, err := strconv.ParseUint(fields["map_id"], 10, 32)
	if err != nil {
		return "", 0, err
	}
	m, err := ebpf.NewMapFromID(ebpf.MapID(id))
	if err != nil {
		return "", 0, err
	}
	defer m.Close()
	info, err := m.Info()
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(fields["memlock"], 10, 64)
	return fmt.Sprintf("%s %s %d %d", info.Name, info.Type, info.KeySize, info.ValueSize), n, err
}

func fieldsOf(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		out[name] = strings.TrimSpace(value)
	}
	return out
}
