// SPDX-License-Identifier: GPL-2.0
/*
 * The maps that Cilium 1.20's agent makes and fills (bpf/lib/lb.h, bpf/lib/sock.h), byte for byte, and its
 * order of lookups, in place of the model's in balancer.bpf.c, whose packets and sockets they share. The
 * loader takes the agent's maps for those named here.
 *
 * Addresses, ports and rev_nat ids are in network byte order; the ids are passed on as they are.
 *
 * Left out: Maglev, for a pod's connections never use it; ipcache, so that an endpoint counts as one of
 * another node, and a node's addresses are those of the settings. It is asked about what is no service, and
 * about external IPs at the socket.
 */

struct lb_key {
	struct net_address address;
	__be16 port;
	__u16 slot;
	__u8 protocol;
	__u8 scope;
	__u16 pad;
};

struct lb_service {
	__u32 backend; /* of a slot; of a master the affinity timeout in seconds, and 8 bits of algorithm above it */
	__u16 count;
	__be16 rev_nat;
	__u8 flags;
	__u8 flags2;
	__u16 qcount;
};

struct lb_backend {
	struct net_address address;
	__be16 port;
	__u8 protocol;
	__u8 state;
	__u16 cluster;
	__u8 zone;
	__u8 pad;
};

struct lb_frontend {
	struct net_address address;
	__be16 port;
} __attribute__((packed));

struct lb_match {
	__u32 backend;
	__be16 rev_nat;
	__u16 pad;
};

struct lb_affinity_key {
	struct client client;
	__be16 rev_nat;
	__u8 by_cookie;
	__u8 pad;
	__u32 pad2;
};

struct lb_affinity {
	__u64 last_used; /* seconds */
	__u32 backend;
	__u32 pad;
};

struct lb_range_key {
	__u32 prefix_length;
	__be16 rev_nat;
	__u16 pad;
	struct net_address source;
};

struct lb_socket_key {
	__u64 cookie;
	struct net_address address;
	__be16 port;
	__u16 pad;
#ifdef IPV6
	__u32 pad2;
#endif
};

struct lb_socket {
	struct net_address address;
	__be16 port;
	__be16 rev_nat;
};

/* SVC_FLAG_* */
#define SVC_EXTERNAL_IP 1
#define SVC_EXTERNAL_LOCAL 4
#define SVC_AFFINITY 16
#define SVC_ROUTABLE 64
#define SVC_SOURCE_RANGE 128
#define SVC2_TWO_SCOPES 32

HASH_MAP(CILIUM_LB(services_v2), BPF_MAP_TYPE_HASH, struct lb_key, struct lb_service);
HASH_MAP(CILIUM_LB(backends_v3), BPF_MAP_TYPE_HASH, __u32, struct lb_backend);
HASH_MAP(CILIUM_LB(reverse_nat), BPF_MAP_TYPE_HASH, __be16, struct lb_frontend);
HASH_MAP(CILIUM_LB(reverse_sk), BPF_MAP_TYPE_LRU_HASH, struct lb_socket_key, struct lb_socket);
HASH_MAP(CILIUM_LB(affinity), BPF_MAP_TYPE_LRU_HASH, struct lb_affinity_key, struct lb_affinity);
HASH_MAP(cilium_lb_affinity_match, BPF_MAP_TYPE_HASH, struct lb_match, __u8);

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lb_range_key);
	__type(value, __u8);
} CILIUM_LB(source_range) SEC(".maps");

static __always_inline bool backend_at(__u32 id, struct backend *backend)
{
	struct lb_backend *found = bpf_map_lookup_elem(&CILIUM_LB(backends_v3), &id);

	if (!found)
		return false;
	*backend = (struct backend){ .address = from_net(found->address), .port = bpf_ntohs(found->port) };
	return true;
}

/* Half-open: last_used + timeout <= now is expired. What has left the Service is none of its choices. */
static __always_inline __u32 stuck_to(const struct lb_affinity_key *key, const struct lb_service *service, __u64 now)
{
	struct lb_affinity *value = bpf_map_lookup_elem(&CILIUM_LB(affinity), key);
	struct lb_match match = { .rev_nat = service->rev_nat };

	if (!value || value->last_used + (service->backend & AFFINITY_MASK) <= now)
		return 0;
	match.backend = value->backend;
	return bpf_map_lookup_elem(&cilium_lb_affinity_match, &match) ? match.backend : 0;
}

/* `maglev`: see above. */
static __always_inline int choose(const struct flow *flow, struct choice *choice, bool maglev, bool socket)
{
	struct lb_key key = {
		.address = to_net(flow->destination),
		.port = bpf_htons(flow->destination_port),
		.protocol = flow->protocol,
	};
	bool inside = socket || from_inside(flow->source);
	struct lb_service *service = bpf_map_lookup_elem(&CILIUM_LB(services_v2), &key), *slot;
	struct lb_affinity_key client = { .client = flow->client, .by_cookie = socket };
	struct lb_affinity seen = {};
	__u32 id = 0;

	if (!service) {
		struct lb_key wildcard = { .address = key.address };

		if (!inside)
			return bpf_map_lookup_elem(&CILIUM_LB(services_v2), &wildcard) ? DROP : PASS;
		if (!is_node(flow->destination))
			return PASS;
		key.address = (struct net_address){};
		service = bpf_map_lookup_elem(&CILIUM_LB(services_v2), &key);
		if (!service)
			return PASS;
	}
	if (!inside && (service->flags & SVC_SOURCE_RANGE)) {
		struct lb_range_key range = {
			.prefix_length = 32 + ADDRESS_BITS,
			.rev_nat = service->rev_nat,
			.source = to_net(flow->source),
		};

		if (!bpf_map_lookup_elem(&CILIUM_LB(source_range), &range))
			return DROP;
	}
	if (!inside && !(service->flags & SVC_ROUTABLE))
		return DROP;
	if (inside && (service->flags2 & SVC2_TWO_SCOPES)) {
		key.scope = SCOPE_INTERNAL;
		service = bpf_map_lookup_elem(&CILIUM_LB(services_v2), &key);
		if (!service)
			return PASS;
	}
	if (!service->count)
		return REJECT;
	/* sock4_skip_xlate: else a Service could take a public address over. */
	if (socket && (service->flags & SVC_EXTERNAL_IP) && !is_node(flow->destination))
		return PASS;
	if (service->flags & SVC_AFFINITY) {
		client.rev_nat = service->rev_nat;
		seen.last_used = bpf_ktime_get_ns() / 1000000000;
		id = stuck_to(&client, service, seen.last_used);
	}
	if (!id) {
		key.slot = flow->entropy % service->count + 1;
		slot = bpf_map_lookup_elem(&CILIUM_LB(services_v2), &key);
		id = slot ? slot->backend : 0;
	}
	if (service->flags & SVC_AFFINITY) {
		seen.backend = id;
		bpf_map_update_elem(&CILIUM_LB(affinity), &client, &seen, BPF_ANY);
	}
	if (!backend_at(id, &choice->backend))
		return DROP;
	choice->id = id;
	choice->rev_nat = service->rev_nat;
	choice->flags = service->flags & SVC_EXTERNAL_LOCAL ? EXTERNAL_LOCAL : 0;
	return 0;
}

static __always_inline bool backend_of(const struct connection *connection, struct backend *backend)
{
	return backend_at(connection->backend, backend);
}

/* A NodePort's surrogate has no address: the connection knows the one that was used. */
static __always_inline bool frontend_of(const struct connection *connection, struct address_port *frontend)
{
	struct lb_frontend *found = bpf_map_lookup_elem(&CILIUM_LB(reverse_nat), &connection->rev_nat);

	if (!found)
		return false;
	if (!is_zero(from_net(found->address)))
		*frontend = (struct address_port){ .address = from_net(found->address), .port = bpf_ntohs(found->port) };
	return true;
}

static __always_inline void remember_socket(__u64 cookie, const struct choice *choice,
					    const struct address_port *frontend)
{
	struct lb_socket_key key = {
		.cookie = cookie,
		.address = to_net(choice->backend.address),
		.port = bpf_htons(choice->backend.port),
	};
	struct lb_socket value = {
		.address = to_net(frontend->address),
		.port = bpf_htons(frontend->port),
		.rev_nat = choice->rev_nat,
	};
	struct lb_socket *known = bpf_map_lookup_elem(&CILIUM_LB(reverse_sk), &key);

	if (!known || !is_same(from_net(known->address), frontend->address) || known->port != value.port || known->rev_nat != value.rev_nat)
		bpf_map_update_elem(&CILIUM_LB(reverse_sk), &key, &value, BPF_ANY);
}

static __always_inline bool socket_frontend(__u64 cookie, struct address address, __u16 port,
					    struct address_port *frontend)
{
	struct lb_socket_key key = { .cookie = cookie, .address = to_net(address), .port = bpf_htons(port) };
	struct lb_socket *found = bpf_map_lookup_elem(&CILIUM_LB(reverse_sk), &key);

	if (!found)
		return false;
	*frontend = (struct address_port){ .address = from_net(found->address), .port = bpf_ntohs(found->port) };
	return true;
}
