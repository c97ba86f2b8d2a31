package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/cilium/hive/cell"
	"github.com/cilium/statedb"
	"github.com/cilium/statedb/reconciler"
	"github.com/spf13/pflag"

	"github.com/cilium/cilium/pkg/bpf"
	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/datapath/tables"
	"github.com/cilium/cilium/pkg/hive"
	"github.com/cilium/cilium/pkg/k8s"
	"github.com/cilium/cilium/pkg/k8s/client"
	"github.com/cilium/cilium/pkg/k8s/resource"
	core "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	discovery "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/discovery/v1"
	k8stables "github.com/cilium/cilium/pkg/k8s/tables"
	"github.com/cilium/cilium/pkg/kpr"
	"github.com/cilium/cilium/pkg/lbipamconfig"
	"github.com/cilium/cilium/pkg/loadbalancer"
	"github.com/cilium/cilium/pkg/loadbalancer/maps"
	lbreconciler "github.com/cilium/cilium/pkg/loadbalancer/reconciler"
	"github.com/cilium/cilium/pkg/loadbalancer/reflectors"
	"github.com/cilium/cilium/pkg/loadbalancer/writer"
	"github.com/cilium/cilium/pkg/maglev"
	"github.com/cilium/cilium/pkg/metrics"
	"github.com/cilium/cilium/pkg/node"
	nodetypes "github.com/cilium/cilium/pkg/node/types"
	"github.com/cilium/cilium/pkg/nodeipamconfig"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/source"
)

// A change of an object, as `kubectl get --watch` and an API server name it.
type change struct {
	Type   string
	Object json.RawMessage
}

// apiServer only says that there is one: its objects come in by channels.
type apiServer struct{ client.Clientset }

func (apiServer) IsEnabled() bool { return true }

// plane is Cilium's control plane: its reflector, writer, reconciler and maps, composed as
// pkg/loadbalancer/benchmark/benchmark.go does.
type plane struct {
	services  chan resource.Event[*core.Service]
	endpoints chan resource.Event[*k8s.Endpoints]
	db        *statedb.DB
	writer    *writer.Writer
	journal   journal
	hive      *hive.Hive
	log       *slog.Logger
	realMaps  bool
	ipv4      bool
	steps     uint16
	// Events that came from an API server.
	received atomic.Int64
}

func startPlane(c config, addresses []netip.Addr, log *slog.Logger) (*plane, error) {
	p := &plane{
		services:  make(chan resource.Event[*core.Service], 1000),
		endpoints: make(chan resource.Event[*k8s.Endpoints], 1000),
		log:       log,
		realMaps:  c.realMaps,
	}
	p.journal.brief = c.server != ""
	// The families of the node's addresses are those of the cluster.
	ipv6 := false
	for _, address := range addresses {
		p.ipv4 = p.ipv4 || address.Is4()
		ipv6 = ipv6 || address.Is6()
	}
	if p.ipv4 {
		p.journal.families = append(p.journal.families, false)
	}
	if ipv6 {
		p.journal.families = append(p.journal.families, true)
	}
	nodetypes.SetName(c.nodeName)
	if c.bpffs != "" {
		bpf.CheckOrMountFS(log, c.bpffs)
	}
	if c.prealloc {
		bpf.EnableMapPreAllocation()
	} else {
		bpf.DisableMapPreAllocation()
	}
	p.hive = hive.New(
		node.LocalNodeStoreTestCell,
		metrics.Cell,
		maglev.Cell,
		kpr.Cell,
		lbipamconfig.Cell,
		nodeipamconfig.Cell,
		loadbalancer.ConfigCell,
		cell.Provide(
			func() client.Clientset { return apiServer{} },
			func() cmtypes.ClusterInfo { return cmtypes.ClusterInfo{} },
			func() *option.DaemonConfig { return &option.DaemonConfig{EnableIPv4: p.ipv4, EnableIPv6: ipv6} },
			source.NewSources,
			tables.NewNodeAddressTable,
			statedb.RWTable[tables.NodeAddress].ToTable,
			k8stables.NewPodTable,
			statedb.RWTable[k8stables.LocalPod].ToTable,
			reflectors.NetnsCookieSupportFunc,
			func() (<-chan resource.Event[*core.Service], <-chan resource.Event[*k8s.Endpoints]) {
				return p.services, p.endpoints
			},
			reflectors.EventStreamForBenchmark,
			func(lc cell.Lifecycle, cfg loadbalancer.Config, ext loadbalancer.ExternalConfig, mg maglev.Config) maps.LBMaps {
				p.journal.LBMaps = maps.NewFakeLBMaps()
				if c.realMaps {
					real := &maps.BPFLBMaps{Log: log, Pinned: c.bpffs != "", Cfg: cfg, ExtCfg: ext, MaglevCfg: mg}
					lc.Append(real)
					p.journal.LBMaps = real
				}
				return &p.journal
			},
		),
		cell.Invoke(func(db *statedb.DB, table statedb.RWTable[tables.NodeAddress]) {
			txn := db.WriteTxn(table)
			defer txn.Commit()
			for _, address := range addresses {
				table.Insert(txn, tables.NodeAddress{Addr: address, NodePort: true, Primary: true, DeviceName: "eth0"})
			}
		}),
		writer.Cell,
		cell.Invoke(reflectors.RegisterK8sReflector),
		lbreconciler.Cell,
		cell.Invoke(func(db *statedb.DB, w *writer.Writer) { p.db, p.writer = db, w }),
	)
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	p.hive.RegisterFlags(flags)
	for name, value := range map[string]string{
		"kube-proxy-replacement":   "true",
		"bpf-lb-algorithm":         c.algorithm,
		"bpf-lb-maglev-table-size": strconv.FormatUint(uint64(c.tableSize), 10),
		"bpf-lb-map-max":           strconv.Itoa(c.mapMax),
		"lb-reflector-wait-time":   c.waitTime.String(),
	} {
		if err := flags.Set(name, value); err != nil {
			return nil, fmt.Errorf("--%s: %w", name, err)
		}
		p.hive.Viper().Set(name, value)
	}
	return p, p.hive.Start(log, context.Background())
}

func (p *plane) stop() { p.hive.Stop(p.log, context.Background()) }

// step makes changes and says what came of them.
func (p *plane) step(changes []change) (reply, error) {
	p.journal.take()
	for _, c := range changes {
		if err := p.send(c); err != nil {
			return reply{}, err
		}
	}
	refused := p.settle()
	entries, err := p.journal.dump()
	if err != nil {
		return reply{}, err
	}
	return p.answer(reply{Maps: entries, Refused: refused})
}

// answer completes a reply with what was done since the last one.
func (p *plane) answer(r reply) (reply, error) {
	var times timed
	r.Journal, times = p.journal.take()
	r.Operations, r.OperationsNs = times.count, times.taken.Nanoseconds()
	if times.count > 0 {
		r.WrittenNs = times.ended.UnixNano()
	}
	if !p.realMaps {
		return r, nil
	}
	var err error
	r.Memlock, err = memlock()
	return r, err
}

// follow hands on what an API server says of a resource, from its present objects on, as long as it says something.
func (p *plane) follow(server, path string) error {
	response, err := http.Get(server + path + "?watch=true")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s%s: %s", server, path, response.Status)
	}
	for events := json.NewDecoder(bufio.NewReaderSize(response.Body, 1<<16)); ; {
		var c change
		if err := events.Decode(&c); err != nil {
			return fmt.Errorf("%s%s: %w", server, path, err)
		}
		if err := p.send(c); err != nil {
			return err
		}
		p.received.Add(1)
	}
}

// after waits until so many events have come from the API server and all that follows from them is in the maps.
func (p *plane) after(events int64) (reply, error) {
	wait(func() bool { return p.received.Load() >= events })
	return p.answer(reply{Refused: p.settle()})
}

func (p *plane) send(c change) error {
	kind := resource.Upsert
	if c.Type == "DELETED" {
		kind = resource.Delete
	}
	var of struct{ Kind string }
	if err := json.Unmarshal(c.Object, &of); err != nil {
		return err
	}
	switch of.Kind {
	case "Service":
		var s core.Service
		if err := json.Unmarshal(c.Object, &s); err != nil {
			return err
		}
		p.services <- resource.Event[*core.Service]{Object: &s, Kind: kind, Done: func(error) {}}
	case "EndpointSlice":
		var s discovery.EndpointSlice
		if err := json.Unmarshal(c.Object, &s); err != nil {
			return err
		}
		p.endpoints <- resource.Event[*k8s.Endpoints]{Object: k8s.ParseEndpointSliceV1(p.log, &s), Kind: kind, Done: func(error) {}}
	}
	return nil
}

// settle waits until all that was sent is in the maps. What cannot be written is returned: it is tried again later.
//
// Each of the two streams ends with an object of ours that has no frontend. Once both are in the tables, so is what was
// sent before. Then a frontend is written which the reconciler refuses before its first operation, because of a Service
// that nobody can have (reconciler/bpf_reconciler.go, updateFrontend). It takes changes in the order of their revisions.
func (p *plane) settle() map[string]string {
	p.steps++
	name := loadbalancer.NewServiceName("lbscale", "settled")
	number := strconv.Itoa(int(p.steps))
	service := &core.Service{Spec: core.ServiceSpec{ClusterIP: "None"}}
	service.Namespace, service.Name, service.Annotations = name.Namespace(), name.Name(), map[string]string{"step": number}
	p.services <- resource.Event[*core.Service]{Object: service, Kind: resource.Upsert, Done: func(error) {}}
	family, address := discovery.AddressTypeIPv4, "192.0.2.1"
	if !p.ipv4 {
		family, address = discovery.AddressTypeIPv6, "2001:db8::1"
	}
	slice := &discovery.EndpointSlice{AddressType: family}
	slice.Namespace, slice.Name = name.Namespace(), name.Name()
	slice.Labels = map[string]string{discovery.LabelServiceName: name.Name()}
	port, protocol := int32(p.steps), core.ProtocolTCP
	slice.Ports = []discovery.EndpointPort{{Port: &port, Protocol: &protocol}}
	slice.Endpoints = []discovery.Endpoint{{Addresses: []string{address}}}
	p.endpoints <- resource.Event[*k8s.Endpoints]{Object: k8s.ParseEndpointSliceV1(p.log, slice), Kind: resource.Upsert, Done: func(error) {}}
	wait(func() bool {
		txn := p.db.ReadTxn()
		s, _, found := p.writer.Services().Get(txn, loadbalancer.ServiceByName(name))
		if !found || s.Annotations["step"] != number {
			return false
		}
		ends, _ := p.writer.BackendsForService(txn, name)
		for b := range ends {
			if b.Address.Port() == p.steps {
				return true
			}
		}
		return false
	})

	fence := loadbalancer.FrontendParams{
		Type:        loadbalancer.SVCTypeClusterIP,
		ServiceName: loadbalancer.NewServiceName("lbscale", "fence"),
		Address:     loadbalancer.NewL3n4Addr(loadbalancer.TCP, cmtypes.MustParseAddrCluster(address), 1, loadbalancer.ScopeExternal),
		ServicePort: p.steps,
	}
	txn := p.writer.WriteTxn()
	p.writer.UpsertServiceAndFrontends(txn, &loadbalancer.Service{
		Name: fence.ServiceName, Source: source.LocalAPI,
		SessionAffinity: true, ProxyRedirects: loadbalancer.ProxyRedirects{{ProxyPort: 1}},
	}, fence)
	txn.Commit()
	refused := map[string]string{}
	wait(func() bool {
		clear(refused)
		txn := p.db.ReadTxn()
		fe, _, found := p.writer.Frontends().Get(txn, loadbalancer.FrontendByAddress(fence.Address))
		if !found || fe.ServicePort != p.steps || fe.Status.Kind != reconciler.StatusKindError {
			return false
		}
		for fe := range p.writer.Frontends().All(txn) {
			if fe.Address == fence.Address {
				continue
			}
			if fe.Status.Kind == reconciler.StatusKindError {
				refused[fe.Address.StringWithProtocol()] = fe.Status.GetError()
			} else if fe.Status.Kind != reconciler.StatusKindDone {
				return false
			}
		}
		return true
	})
	return refused
}

func wait(done func() bool) {
	for !done() {
		time.Sleep(time.Millisecond)
	}
}

// ciliumVersion is the version that go.mod pins.
func ciliumVersion() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/cilium/cilium" {
			return module.Version
		}
	}
	return "unknown"
}
