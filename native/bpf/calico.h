// SPDX-License-Identifier: GPL-2.0
/*
 * Calico's maps (felix/bpf-gpl/nat_types.h, routes.h, byte for byte) and its order of lookups
 * (calico_v4_nat_lookup in nat_lookup.h), in place of Cilium's in balancer.bpf.c, whose packets and sockets
 * they share.
 */

struct frontend_key {
	__u32 prefix_length;
	struct net_address address;
	__u16 port; /* in the machine's order: its low byte comes first in the trie */
	__u8 protocol;
	struct net_address source;
	__u8 pad;
} __attribute__((packed));

struct frontend {
	__u32 id;
	__u32 count;
	__u32 local;
	__u32 affinity; /* seconds */
	__u32 flags;
};

struct ordinal_key {
	__u32 id;
	__u32 ordinal;
};

struct destination {
	struct net_address address;
	__u16 port;
	__u16 pad;
};

struct sticky_key {
	struct address address;
	__u16 port;
	__u8 protocol;
	__u8 pad;
	struct address client;
	__u32 pad2;
};

struct sticky_value {
	struct destination destination;
	__u64 used_ns;
};

struct route_key {
	__u32 prefix_length;
	struct net_address address;
};

struct route {
	__u32 flags;
	struct net_address next_hop;
};

/*
 * NAT_FLG_EXTERNAL_LOCAL, NAT_FLG_INTERNAL_LOCAL, NAT_FE_DROP_COUNT; CALI_RT_*; the port's, protocol's,
 * source's bits with the address'.
 */
#define FE_EXTERNAL_LOCAL 1
#define FE_INTERNAL_LOCAL 2
#define FE_DROP 0xffffffff
#define ROUTE_WORKLOAD 4
#define ROUTE_HOST 16
#define FRONTEND_LOOKUP_BITS (24 + 2 * ADDRESS_BITS)

#define TRIE(map_name, key_type, value_type)                                                                           \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_LPM_TRIE);                                                                   \
		__uint(max_entries, 65536);                                                                            \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                                                  \
		__type(key, key_type);                                                                                 \
		__type(value, value_type);                                                                             \
	} map_name SEC(".maps")

TRIE(CALI(nat_fe), struct frontend_key, struct frontend);
TRIE(CALI(routes), struct route_key, struct route);
HASH_MAP(CALI(nat_be), BPF_MAP_TYPE_HASH, struct ordinal_key, struct destination);
/* Felix makes it for any cluster; here no Service asks for Maglev, and nothing looks it up. */
HASH_MAP(CALI(mglv), BPF_MAP_TYPE_HASH, struct ordinal_key, struct destination);
HASH_MAP(CALI(nat_aff), BPF_MAP_TYPE_LRU_HASH, struct sticky_key, struct sticky_value);

static __always_inline __u32 route_flags(struct address address)
{
	struct route_key key = { .prefix_length = ADDRESS_BITS, .address = to_net(address) };
	struct route *route = bpf_map_lookup_elem(&CALI(routes), &key);

	return route ? route->flags : 0;
}

/* `maglev` is Cilium's. At the socket the source is not known yet: Calico asks with 0.0.0.0, or ::. */
static __always_inline int choose(const struct flow *flow, struct choice *choice, bool maglev, bool socket)
{
	struct frontend_key key = {
		.prefix_length = FRONTEND_LOOKUP_BITS,
		.address = to_net(flow->destination),
		.port = flow->destination_port,
		.protocol = flow->protocol,
	};
	struct net_address source = to_net(flow->source);
	bool inside = socket || from_inside(flow->source);
	struct frontend *frontend;
	struct destination found = {}, *backend;
	__u64 now = 0;
	__u32 count;

	/* At an odd place of a packed key. */
	if (!socket)
		__builtin_memcpy(&key.source, &source, sizeof(source));
	frontend = bpf_map_lookup_elem(&CALI(nat_fe), &key);
	if (!frontend) {
		/* What comes from outside the node is not a NodePort of another one. */
		if (!inside || !(route_flags(flow->destination) & ROUTE_HOST))
			return PASS;
		__builtin_memset(&key.address, 0xff, sizeof(key.address));
		frontend = bpf_map_lookup_elem(&CALI(nat_fe), &key);
		if (!frontend)
			return PASS;
	}
	count = frontend->count;
	/* connect() goes on as it is, and the packets meet the entry (do_nat_common in connect.h). */
	if (count == FE_DROP)
		return socket ? PASS : DROP;
	if (frontend->flags & (FE_EXTERNAL_LOCAL | FE_INTERNAL_LOCAL)) {
		bool known = inside || (route_flags(flow->source) & (ROUTE_HOST | ROUTE_WORKLOAD));

		if (frontend->flags & (known ? FE_INTERNAL_LOCAL : FE_EXTERNAL_LOCAL))
			count = frontend->local;
	}
	if (!count)
		return REJECT;
	struct sticky_key sticky = {
		.address = flow->destination,
		.port = flow->destination_port,
		.protocol = flow->protocol,
	};

	__builtin_memcpy(&sticky.client, &flow->client, sizeof(sticky.client));
	if (frontend->affinity) {
		struct sticky_value *seen = bpf_map_lookup_elem(&CALI(nat_aff), &sticky);

		now = bpf_ktime_get_ns();
		if (seen && now - seen->used_ns <= (__u64)frontend->affinity * 1000000000)
			found = seen->destination;
	}
	if (is_zero(from_net(found.address))) {
		struct ordinal_key ordinal = { .id = frontend->id, .ordinal = flow->entropy % count };

		backend = bpf_map_lookup_elem(&CALI(nat_be), &ordinal);
		if (!backend)
			return DROP;
		found = *backend;
	}
	if (frontend->affinity) {
		struct sticky_value value = { .destination = found, .used_ns = now };

		bpf_map_update_elem(&CALI(nat_aff), &sticky, &value, BPF_ANY);
	}
	choice->backend = (struct backend){ .address = from_net(found.address), .port = found.port };
	/* A packet for another node travels in a tunnel, with its source: only a pod that reaches itself is masqueraded. */
	choice->flags = EXTERNAL_LOCAL;
	return 0;
}

/* The connection itself holds them. */
static __always_inline bool backend_of(const struct connection *connection, struct backend *backend)
{
	*backend = (struct backend){ .address = connection->destination.address, .port = connection->destination.port };
	return true;
}

static __always_inline bool frontend_of(const struct connection *connection, struct address_port *frontend)
{
	return true;
}
