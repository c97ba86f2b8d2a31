package main

import (
	"encoding/binary"
	"encoding/hex"
	"sort"
	"sync"
	"time"

	"github.com/cilium/cilium/pkg/loadbalancer"
	"github.com/cilium/cilium/pkg/loadbalancer/maps"
)

// Names of the maps behind cilium_lb4_ and cilium_lb6_, and of the one for both families (pkg/loadbalancer/maps/types.go).
const (
	services      = "services_v2"
	backends      = "backends_v3"
	reverseNat    = "reverse_nat"
	sourceRanges  = "source_range"
	maglevTables  = "maglev"
	affinityMatch = "cilium_lb_affinity_match"
)

func mapName(name string, ipv6 bool) string {
	if ipv6 {
		return "cilium_lb6_" + name
	}
	return "cilium_lb4_" + name
}

// nameFor is the name of the map that a key is of.
func nameFor(name string, key any) string {
	switch key.(type) {
	case *maps.Service6Key, *maps.Backend6KeyV3, *maps.RevNat6Key, *maps.SourceRangeKey6:
		return mapName(name, true)
	}
	return mapName(name, false)
}

// journal is the maps, real or not, with a note of every operation that reaches them.
type journal struct {
	maps.LBMaps
	// Operations are counted and timed alone: spelling out each takes longer than it does.
	brief bool
	// Families that have maps: whether it is IPv6.
	families   []bool
	mu         sync.Mutex
	operations [][]string
	timed      timed
}

// timed is what a number of operations took.
type timed struct {
	count int
	// All of them together.
	taken time.Duration
	// The end of the last.
	ended time.Time
}

// bytesOf is a key or value as it lies in the map, in hexadecimal: the structures have no hidden padding.
func bytesOf(v any) string {
	b, err := binary.Append(nil, binary.NativeEndian, v)
	if err != nil {
		panic(err)
	}
	return hex.EncodeToString(b)
}

// outerKey: DumpMaglev and UpdateMaglev have the id in the machine's order, the map in the network's.
func outerKey(k maps.MaglevOuterKey) string {
	return hex.EncodeToString(binary.BigEndian.AppendUint16(nil, k.RevNatID))
}

// note does an operation on a key and its value, none where it is deleted.
func (j *journal) note(what, name string, key, value func() string, do func() error) error {
	var operation []string
	if !j.brief {
		operation = []string{what, name, key(), ""}
		if value != nil {
			operation[3] = value()
		}
	}
	began := time.Now()
	err := do()
	ended := time.Now()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.timed.count++
	j.timed.taken += ended.Sub(began)
	j.timed.ended = ended
	if j.brief {
		return err
	}
	if err != nil {
		operation = append(operation, err.Error())
	}
	j.operations = append(j.operations, operation)
	return err
}

// take returns the operations since the last call, and what they took.
func (j *journal) take() ([][]string, timed) {
	j.mu.Lock()
	defer j.mu.Unlock()
	taken, times := j.operations, j.timed
	j.operations, j.timed = nil, timed{}
	return taken, times
}

// bytes is bytesOf, once it is asked for.
func bytes(v any) func() string { return func() string { return bytesOf(v) } }

func (j *journal) UpdateService(k maps.ServiceKey, v maps.ServiceValue) error {
	return j.note("update", nameFor(services, k), bytes(k), bytes(v), func() error { return j.LBMaps.UpdateService(k, v) })
}

func (j *journal) DeleteService(k maps.ServiceKey) error {
	return j.note("delete", nameFor(services, k), bytes(k), nil, func() error { return j.LBMaps.DeleteService(k) })
}

func (j *journal) UpdateBackend(k maps.BackendKey, v maps.BackendValue) error {
	return j.note("update", nameFor(backends, k), bytes(k), bytes(v), func() error { return j.LBMaps.UpdateBackend(k, v) })
}

func (j *journal) DeleteBackend(k maps.BackendKey) error {
	return j.note("delete", nameFor(backends, k), bytes(k), nil, func() error { return j.LBMaps.DeleteBackend(k) })
}

func (j *journal) UpdateRevNat(k maps.RevNatKey, v maps.RevNatValue) error {
	return j.note("update", nameFor(reverseNat, k), bytes(k), bytes(v), func() error { return j.LBMaps.UpdateRevNat(k, v) })
}

func (j *journal) DeleteRevNat(k maps.RevNatKey) error {
	return j.note("delete", nameFor(reverseNat, k), bytes(k), nil, func() error { return j.LBMaps.DeleteRevNat(k) })
}

func (j *journal) UpdateAffinityMatch(k *maps.AffinityMatchKey, v *maps.AffinityMatchValue) error {
	return j.note("update", affinityMatch, bytes(k), bytes(v), func() error { return j.LBMaps.UpdateAffinityMatch(k, v) })
}

func (j *journal) DeleteAffinityMatch(k *maps.AffinityMatchKey) error {
	return j.note("delete", affinityMatch, bytes(k), nil, func() error { return j.LBMaps.DeleteAffinityMatch(k) })
}

func (j *journal) UpdateSourceRange(k maps.SourceRangeKey, v *maps.SourceRangeValue) error {
	return j.note("update", nameFor(sourceRanges, k), bytes(k), bytes(v), func() error { return j.LBMaps.UpdateSourceRange(k, v) })
}

func (j *journal) DeleteSourceRange(k maps.SourceRangeKey) error {
	return j.note("delete", nameFor(sourceRanges, k), bytes(k), nil, func() error { return j.LBMaps.DeleteSourceRange(k) })
}

// A table's contents are in the dump: here is only that it was written.
func (j *journal) UpdateMaglev(k maps.MaglevOuterKey, ids []loadbalancer.BackendID, v6 bool) error {
	return j.note("update", mapName(maglevTables, v6), func() string { return outerKey(k) }, nil, func() error {
		return j.LBMaps.UpdateMaglev(k, ids, v6)
	})
}

func (j *journal) DeleteMaglev(k maps.MaglevOuterKey, v6 bool) error {
	return j.note("delete", mapName(maglevTables, v6), func() string { return outerKey(k) }, nil, func() error {
		return j.LBMaps.DeleteMaglev(k, v6)
	})
}

// dump reads all entries, in the order of their keys.
func (j *journal) dump() (map[string][][2]string, error) {
	out := map[string][][2]string{affinityMatch: {}}
	for _, ipv6 := range j.families {
		for _, name := range []string{services, backends, reverseNat, sourceRanges, maglevTables} {
			out[mapName(name, ipv6)] = [][2]string{}
		}
	}
	add := func(name, key, value string) { out[name] = append(out[name], [2]string{key, value}) }
	m := j.LBMaps
	for _, read := range []func() error{
		func() error {
			return m.DumpService(func(k maps.ServiceKey, v maps.ServiceValue) { add(nameFor(services, k), bytesOf(k), bytesOf(v)) })
		},
		func() error {
			return m.DumpBackend(func(k maps.BackendKey, v maps.BackendValue) { add(nameFor(backends, k), bytesOf(k), bytesOf(v)) })
		},
		func() error {
			return m.DumpRevNat(func(k maps.RevNatKey, v maps.RevNatValue) { add(nameFor(reverseNat, k), bytesOf(k), bytesOf(v)) })
		},
		func() error {
			return m.DumpAffinityMatch(func(k *maps.AffinityMatchKey, v *maps.AffinityMatchValue) {
				add(affinityMatch, bytesOf(k), bytesOf(v))
			})
		},
		func() error {
			return m.DumpSourceRange(func(k maps.SourceRangeKey, v *maps.SourceRangeValue) {
				add(nameFor(sourceRanges, k), bytesOf(k), bytesOf(v))
			})
		},
		func() error {
			return m.DumpMaglev(func(k maps.MaglevOuterKey, _ maps.MaglevOuterVal, _ maps.MaglevInnerKey, v *maps.MaglevInnerVal, v6 bool) {
				add(mapName(maglevTables, v6), outerKey(k), bytesOf(v.BackendIDs))
			})
		},
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	for _, list := range out {
		sort.Slice(list, func(a, b int) bool { return list[a][0] < list[b][0] })
	}
	return out, nil
}
