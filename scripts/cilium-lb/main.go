// Runs Cilium's load-balancing control plane on Kubernetes objects and shows what it writes into its BPF maps.
//
// It reads a line of JSON from standard input, {"changes":[{"type":"ADDED","object":{…}}]}, makes these changes, waits
// until Cilium has done all that follows from them, and writes a line of JSON: the entries of every load-balancing map,
// and the operations that this step issued. It ends with standard input. Nothing is pinned or otherwise left behind.
//
// With --server it reads Services and EndpointSlices from an API server instead. It writes a line once its maps are there,
// then one for each line {"events":N}, when the first N events and all that follows from them are in the maps: how many
// operations that took since the last, and when the last of them ended.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/pflag"
)

// What the command line says of the node and of the agent's configuration.
type config struct {
	nodeName  string
	nodeIPs   []string
	algorithm string
	tableSize uint
	realMaps  bool
	prealloc  bool
	mapMax    int
	server    string
	bpffs     string
	waitTime  time.Duration
}

// A step's answer: nothing but `error` where it is not empty.
type reply struct {
	// Entries by the map's name: key and value as hexadecimal bytes, as they lie in the kernel.
	Maps map[string][][2]string `json:"maps,omitempty"`
	// Operations in their order: what, map, key, value.
	Journal [][]string `json:"journal"`
	// How many operations that was, the time of all together, and the end of the last, since 1970.
	Operations   int   `json:"operations"`
	OperationsNs int64 `json:"operationsNs"`
	WrittenNs    int64 `json:"writtenNs,omitempty"`
	// What the kernel accounts for each real map, in bytes.
	Memlock map[string]uint64 `json:"memlock,omitempty"`
	// Frontends that could not be written, and why: Cilium tries them again later.
	Refused map[string]string `json:"refused,omitempty"`
	Error   string            `json:"error,omitempty"`
}

func main() {
	var c config
	pflag.StringVar(&c.nodeName, "node-name", "node", "name of this node")
	pflag.StringSliceVar(&c.nodeIPs, "node-ip", nil, "addresses of this node, at which NodePorts are")
	pflag.StringVar(&c.algorithm, "algorithm", "random", "bpf-lb-algorithm: random or maglev")
	pflag.UintVar(&c.tableSize, "maglev-table-size", 16381, "bpf-lb-maglev-table-size")
	pflag.BoolVar(&c.realMaps, "real-maps", false, "write into maps of the kernel, unpinned; needs root")
	pflag.BoolVar(&c.prealloc, "prealloc", false, "preallocate-bpf-maps, the agent's default; Helm's is not to")
	pflag.IntVar(&c.mapMax, "map-max", 65536, "bpf-lb-map-max")
	pflag.StringVar(&c.server, "server", "", "URL of an API server to read from, without TLS")
	pflag.StringVar(&c.bpffs, "bpffs", "", "pin real maps below tc/globals of this BPF file system, as an agent does")
	pflag.DurationVar(&c.waitTime, "wait-time", time.Millisecond, "lb-reflector-wait-time, in which changes are gathered; the agent's default is 500ms")
	version := pflag.Bool("version", false, "say which Cilium this is, and end")
	pflag.Parse()
	// The process by this name does not look for a mounted bpffs (pkg/bpf/bpffs_linux.go, MapPath).
	os.Args[0] = "cilium-agent"
	if *version {
		fmt.Println("Cilium " + ciliumVersion())
		return
	}
	if err := run(c); err != nil {
		write(reply{Error: err.Error()})
		os.Exit(1)
	}
}

func run(c config) error {
	addresses := make([]netip.Addr, len(c.nodeIPs))
	for i, text := range c.nodeIPs {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("--node-ip: %w", err)
		}
		addresses[i] = address
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	p, err := startPlane(c, addresses, log)
	if err != nil {
		return err
	}
	defer p.stop()
	if c.server != "" {
		for _, path := range []string{"/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices"} {
			go func() {
				// Whoever waits for a reply reads it on standard error.
				fmt.Fprintln(os.Stderr, p.follow(c.server, path))
				os.Exit(1)
			}()
		}
		if err := write(reply{}); err != nil {
			return err
		}
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<16), 1<<30)
	for lines.Scan() {
		var request struct {
			Changes []change
			Events  int64
		}
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			return fmt.Errorf("a line that is no step: %w", err)
		}
		var r reply
		if c.server != "" {
			r, err = p.after(request.Events)
		} else {
			r, err = p.step(request.Changes)
		}
		if err != nil {
			return err
		}
		if err := write(r); err != nil {
			return err
		}
	}
	return lines.Err()
}

func write(r reply) error {
	if r.Journal == nil {
		r.Journal = [][]string{}
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}
