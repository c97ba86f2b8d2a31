// SPDX-License-Identifier: GPL-2.0
/*
 * Cilium's kube-proxy replacement in small (bpf/lib/lb.h, bpf/bpf_sock.c): its maps, its order of lookups, and the same
 * map contents that the model loads. Numbers in maps are in host byte order, as the model's words are.
 *
 *   cgroup/connect4, sendmsg4, recvmsg4   at the socket, random selection (connect6, sendmsg6, recvmsg6)
 *   tc balance, tc restore                per packet, random or Maglev selection, connection tracking in a map
 *   tc lookup_*, tc empty                 one lookup each, for BPF_PROG_TEST_RUN
 *
 * With CALICO defined it has Calico's maps and lookups (calico.h) instead, with CILIUM those that Cilium's
 * own agent fills (cilium.h). With IPV6 defined it balances IPv6, in maps of its own (family.h), and else
 * IPv4.
 *
 * Left out: port translation when the source is rewritten (the port is kept), fragments, IP options, extension headers.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "family.h"

/* Set by the loader before the verifier sees the programs. */
const volatile struct {
	__u32 maglev_size; /* 0: random selection */
	__u32 maglev_seed;
	__u32 targets; /* entries of lookup_targets */
	struct address pod_base;
	struct address pod_mask;
	struct address nodes[4]; /* 0: none */
	struct address snat_address;
	struct address lookup_source; /* the client of lookup_*: a pod, or with Maglev somebody outside */
} settings = {};

static __always_inline struct address setting(const volatile struct address *from)
{
	struct address address;

	for (int i = 0; i < ADDRESS_WORDS; i++)
		address.word[i] = from->word[i];
	return address;
}

enum verdict { PASS = -1, REJECT = -2, DROP = -3 };

/* The same numbers as src/planes/ebpf/layout.ts. */
enum flag { ROUTABLE = 1, AFFINITY = 2, SOURCE_RANGE = 4, TWO_SCOPES = 8, EXTERNAL_LOCAL = 16, EXTERNAL_IP = 32 };
enum scope { SCOPE_EXTERNAL = 0, SCOPE_INTERNAL = 1 };
#define AFFINITY_MASK 0xffffff

struct service_key {
	struct address address;
	__u16 port;
	__u16 slot;
	__u8 protocol;
	__u8 scope;
	__u16 pad;
};

struct service {
	__u32 backend; /* of a slot; the affinity timeout of a master */
	__u16 count;
	__u16 rev_nat;
	__u16 flags;
	__u16 qcount;
};

struct backend {
	struct address address;
	__u16 port;
	__u8 protocol;
	__u8 state;
	__u32 local;
};

struct address_port {
	struct address address;
	__u16 port;
	__u16 pad;
};

struct affinity_key {
	struct client client; /* source address (tc) or network namespace cookie (socket) */
	__u32 rev_nat;
	__u32 pad;
};

struct affinity_value {
	__u64 last_used;
	__u32 backend;
	__u32 pad;
};

struct range_key {
	__u32 prefix_length;
	__u16 rev_nat;
	__u16 pad;
	struct net_address source;
};

struct socket_key {
	__u64 cookie;
	struct address address;
	__u32 port;
#ifdef IPV6
	__u32 pad;
#endif
};

struct tuple {
	struct address source;
	struct address destination;
	__u16 source_port;
	__u16 destination_port;
	__u8 protocol;
	__u8 reply;
	__u16 pad;
};

struct connection {
	__u32 backend;
	__u16 rev_nat;
	__u16 rewritten; /* the source */
	struct address_port client;
	struct address_port frontend;
#ifdef CALICO
	struct address_port destination;
#endif
};

#define HASH_MAP(map_name, map_type, key_type, value_type)                                                             \
	struct {                                                                                                       \
		__uint(type, map_type);                                                                                \
		__uint(max_entries, 65536);                                                                            \
		__type(key, key_type);                                                                                 \
		__type(value, value_type);                                                                             \
	} map_name SEC(".maps")

HASH_MAP(CT, BPF_MAP_TYPE_LRU_HASH, struct tuple, struct connection);
HASH_MAP(lookup_targets, BPF_MAP_TYPE_ARRAY, __u32, struct address_port);

#ifndef CILIUM
HASH_MAP(reverse_sk, BPF_MAP_TYPE_LRU_HASH, struct socket_key, struct address_port);
#endif

#if !defined(CALICO) && !defined(CILIUM)
HASH_MAP(LB(services), BPF_MAP_TYPE_HASH, struct service_key, struct service);
HASH_MAP(LB(backends), BPF_MAP_TYPE_HASH, __u32, struct backend);
HASH_MAP(LB(reverse), BPF_MAP_TYPE_HASH, __u16, struct address_port);
HASH_MAP(LB(affinity), BPF_MAP_TYPE_LRU_HASH, struct affinity_key, struct affinity_value);

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct range_key);
	__type(value, __u32);
} LB(ranges) SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 65536);
	__type(key, __u16);
	__uint(value_size, sizeof(__u32));
} LB(maglev) SEC(".maps"); /* the loader gives it its inner map */
#endif

struct flow {
	struct address source;
	struct address destination;
	__u16 source_port;
	__u16 destination_port;
	__u8 protocol;
	struct client client; /* whom affinity remembers */
	__u32 entropy;
};

struct choice {
	struct backend backend;
	__u32 id;
	__u16 rev_nat;
	__u16 flags;
};

static __always_inline bool is_node(struct address address)
{
	return !is_zero(address) &&
	       (is_same(address, setting(&settings.nodes[0])) || is_same(address, setting(&settings.nodes[1])) ||
		is_same(address, setting(&settings.nodes[2])) || is_same(address, setting(&settings.nodes[3])));
}

static __always_inline bool is_pod(struct address address)
{
	for (int i = 0; i < ADDRESS_WORDS; i++)
		address.word[i] &= settings.pod_mask.word[i];
	return is_same(address, setting(&settings.pod_base));
}

static __always_inline bool from_inside(struct address source)
{
	return is_pod(source) || is_loopback(source) || is_node(source);
}

#if defined(CALICO)
#include "calico.h"
#elif defined(CILIUM)
#include "cilium.h"
#else
static __always_inline __u32 rol32(__u32 word, __u32 shift)
{
	return word << shift | word >> (32 - shift);
}

/* __jhash_final of include/linux/jhash.h: c, once mixed. */
static __always_inline __u32 jhash_final(__u32 a, __u32 b, __u32 c)
{
	c ^= b; c -= rol32(b, 14);
	a ^= c; a -= rol32(c, 11);
	b ^= a; b -= rol32(a, 25);
	c ^= b; c -= rol32(b, 16);
	a ^= c; a -= rol32(c, 4);
	b ^= a; b -= rol32(a, 14);
	c ^= b; c -= rol32(b, 24);
	return c;
}

#ifdef IPV6
static __always_inline void jhash_mix(__u32 *a, __u32 *b, __u32 *c)
{
	*a -= *c; *a ^= rol32(*c, 4); *c += *b;
	*b -= *a; *b ^= rol32(*a, 6); *a += *c;
	*c -= *b; *c ^= rol32(*b, 8); *b += *a;
	*a -= *c; *a ^= rol32(*c, 16); *c += *b;
	*b -= *a; *b ^= rol32(*a, 19); *a += *c;
	*c -= *b; *c ^= rol32(*b, 4); *b += *a;
}
#endif

/* hash_from_tuple_v4 and _v6 (bpf/lib/hash.h): the destination is not hashed. */
static __always_inline __u32 hash_tuple(struct address source, __u32 ports, __u32 protocol, __u32 seed)
{
#ifdef IPV6
	__u32 a = source.word[0], b = source.word[1], c = source.word[2];

	jhash_mix(&a, &b, &c);
	a += source.word[3];
	b += ports;
	c += protocol;
	jhash_mix(&a, &b, &c);
	return jhash_final(a + seed, b, c);
#else
	__u32 start = 0xdeadbeef + 12 + seed;

	return jhash_final(source.word[0] + start, ports + start, protocol + start);
#endif
}

static __always_inline __u32 pick_maglev(const struct flow *flow, const struct service *service)
{
	__u16 rev_nat = service->rev_nat;
	__u32 zero = 0, index, *table;
	void *inner = bpf_map_lookup_elem(&LB(maglev), &rev_nat);

	if (!inner)
		return 0;
	table = bpf_map_lookup_elem(inner, &zero);
	if (!table)
		return 0;
	/* Under affinity the source port isn't hashed either. */
	index = hash_tuple(flow->source,
			   (__u32)flow->destination_port << 16 | (service->flags & AFFINITY ? 0 : flow->source_port),
			   flow->protocol, settings.maglev_seed) % settings.maglev_size;
	/* The verifier doesn't follow a remainder, and the compiler would drop the test that it wants. */
	asm volatile("" : "+r"(index));
	return index < settings.maglev_size ? table[index] : 0;
}

static __always_inline __u32 pick_random(const struct flow *flow, const struct service *service,
					 struct service_key *key)
{
	struct service *slot;

	key->slot = flow->entropy % service->count + 1;
	slot = bpf_map_lookup_elem(&LB(services), key);
	return slot ? slot->backend : 0;
}

static __always_inline __u32 stuck_to(const struct affinity_key *key, const struct service *service, __u64 now)
{
	struct affinity_value *value = bpf_map_lookup_elem(&LB(affinity), key);
	__u64 timeout = (__u64)(service->backend & AFFINITY_MASK) * 1000000000;

	/* Half-open: last_used + timeout <= now is expired. */
	return value && value->last_used + timeout > now ? value->backend : 0;
}

/* lb4_lookup_service and lb4_local. `maglev` (for clients outside) and `socket` are constants where this is inlined. */
static __always_inline int choose(const struct flow *flow, struct choice *choice, bool maglev, bool socket)
{
	struct service_key key = {
		.address = flow->destination,
		.port = flow->destination_port,
		.protocol = flow->protocol,
	};
	bool inside = socket || from_inside(flow->source);
	struct service *service = bpf_map_lookup_elem(&LB(services), &key);
	struct backend *backend;
	__u16 flags;
	__u32 id = 0;

	if (!service) {
		struct service_key wildcard = { .address = flow->destination };

		if (!inside)
			return bpf_map_lookup_elem(&LB(services), &wildcard) ? DROP : PASS;
		/* Cilium asks ipcache whose address that is. */
		if (!is_node(flow->destination))
			return PASS;
		key.address = (struct address){};
		service = bpf_map_lookup_elem(&LB(services), &key);
		if (!service)
			return PASS;
	}
	flags = service->flags;
	/* nodeport_svc_lb4, in its order; neither bpf_sock.c nor bpf_lxc.c asks. */
	if (!inside && (flags & SOURCE_RANGE)) {
		struct range_key range = {
			.prefix_length = 32 + ADDRESS_BITS,
			.rev_nat = service->rev_nat,
			.source = to_net(flow->source),
		};
		if (!bpf_map_lookup_elem(&LB(ranges), &range))
			return DROP;
	}
	if (!inside && !(flags & ROUTABLE))
		return DROP;
	if (inside && (flags & TWO_SCOPES)) {
		key.scope = SCOPE_INTERNAL;
		service = bpf_map_lookup_elem(&LB(services), &key);
		/* An external IP has none (lb4_lookup_service). */
		if (!service)
			return PASS;
	}
	if (!service->count)
		return REJECT;
	/* sock4_skip_xlate: else a Service could take a public address over. */
	if (socket && (service->flags & EXTERNAL_IP) && !is_node(flow->destination))
		return PASS;
	/* Pods and the node itself always draw (bpf_lxc.c). */
	maglev = maglev && !inside;
	if (flags & AFFINITY) {
		struct affinity_key client = { .client = flow->client, .rev_nat = service->rev_nat };
		struct affinity_value seen = { .last_used = bpf_ktime_get_ns() };

		id = stuck_to(&client, service, seen.last_used);
		if (!id)
			id = maglev ? pick_maglev(flow, service) : pick_random(flow, service, &key);
		seen.backend = id;
		bpf_map_update_elem(&LB(affinity), &client, &seen, BPF_ANY);
	} else {
		id = maglev ? pick_maglev(flow, service) : pick_random(flow, service, &key);
	}
	backend = bpf_map_lookup_elem(&LB(backends), &id);
	if (!backend)
		return DROP;
	choice->backend = *backend;
	choice->id = id;
	choice->rev_nat = service->rev_nat;
	choice->flags = flags;
	return 0;
}

/* Looked up again with each packet. */
static __always_inline bool backend_of(const struct connection *connection, struct backend *backend)
{
	struct backend *found = bpf_map_lookup_elem(&LB(backends), &connection->backend);

	if (found)
		*backend = *found;
	return found;
}

/* A NodePort's frontend is a surrogate without an address: the connection knows the one that was used. */
static __always_inline bool frontend_of(const struct connection *connection, struct address_port *frontend)
{
	struct address_port *found = bpf_map_lookup_elem(&LB(reverse), &connection->rev_nat);

	if (!found)
		return false;
	if (!is_zero(found->address))
		*frontend = *found;
	return true;
}
#endif

/* At the socket. */

#ifndef CILIUM
static __always_inline void remember_socket(__u64 cookie, const struct choice *choice,
					    const struct address_port *frontend)
{
	struct socket_key key = {
		.cookie = cookie,
		.address = choice->backend.address,
		.port = choice->backend.port,
	};
	struct address_port *known = bpf_map_lookup_elem(&reverse_sk, &key);

	if (!known || !is_same(known->address, frontend->address) || known->port != frontend->port)
		bpf_map_update_elem(&reverse_sk, &key, frontend, BPF_ANY);
}

static __always_inline bool socket_frontend(__u64 cookie, struct address address, __u16 port,
					    struct address_port *frontend)
{
	struct socket_key key = { .cookie = cookie, .address = address, .port = port };
	struct address_port *found = bpf_map_lookup_elem(&reverse_sk, &key);

	if (found)
		*frontend = *found;
	return found;
}
#endif

/* retval of a cgroup program that refuses (since Linux 5.18): connect() returns it. Cilium's answer to no backend. */
#define EHOSTUNREACH 113
#define READ_ONCE(place) (*(const volatile __u32 *)&(place))
#define WRITE_ONCE(place, value) (*(volatile __u32 *)&(place) = (value))

/* The verifier takes single words of the context, at constant places. */
static __always_inline struct address user_address(struct bpf_sock_addr *ctx)
{
#ifdef IPV6
	struct address address;

	address.word[0] = bpf_ntohl(READ_ONCE(ctx->user_ip6[0]));
	address.word[1] = bpf_ntohl(READ_ONCE(ctx->user_ip6[1]));
	address.word[2] = bpf_ntohl(READ_ONCE(ctx->user_ip6[2]));
	address.word[3] = bpf_ntohl(READ_ONCE(ctx->user_ip6[3]));
	return address;
#else
	return (struct address){ .word = { bpf_ntohl(ctx->user_ip4) } };
#endif
}

static __always_inline void set_user_address(struct bpf_sock_addr *ctx, struct address address)
{
#ifdef IPV6
	WRITE_ONCE(ctx->user_ip6[0], bpf_htonl(address.word[0]));
	WRITE_ONCE(ctx->user_ip6[1], bpf_htonl(address.word[1]));
	WRITE_ONCE(ctx->user_ip6[2], bpf_htonl(address.word[2]));
	WRITE_ONCE(ctx->user_ip6[3], bpf_htonl(address.word[3]));
#else
	ctx->user_ip4 = bpf_htonl(address.word[0]);
#endif
}

static __always_inline int translate(struct bpf_sock_addr *ctx, bool tcp)
{
	struct choice choice = {};
	struct flow flow = {
		.destination = user_address(ctx),
		.destination_port = bpf_ntohs((__u16)ctx->user_port),
		.protocol = ctx->protocol,
		.client = { .word = { bpf_get_netns_cookie(ctx) } },
		.entropy = tcp ? bpf_get_prandom_u32() : (__u32)bpf_get_socket_cookie(ctx),
	};
	int verdict = choose(&flow, &choice, false, true);

	if (verdict == PASS)
		return 1;
	if (verdict) {
		bpf_set_retval(-EHOSTUNREACH);
		return 0;
	}
	struct address_port frontend = { .address = flow.destination, .port = flow.destination_port };

	remember_socket(bpf_get_socket_cookie(ctx), &choice, &frontend);
	set_user_address(ctx, choice.backend.address);
	ctx->user_port = bpf_htons(choice.backend.port);
	return 1;
}

SEC("cgroup/connect" FAMILY_DIGIT)
int at_connect(struct bpf_sock_addr *ctx)
{
	return translate(ctx, ctx->protocol == IPPROTO_TCP);
}

SEC("cgroup/sendmsg" FAMILY_DIGIT)
int at_sendmsg(struct bpf_sock_addr *ctx)
{
	return translate(ctx, false);
}

SEC("cgroup/recvmsg" FAMILY_DIGIT)
int at_recvmsg(struct bpf_sock_addr *ctx)
{
	struct address_port frontend = {};

	if (socket_frontend(bpf_get_socket_cookie(ctx), user_address(ctx), bpf_ntohs((__u16)ctx->user_port),
			    &frontend)) {
		set_user_address(ctx, frontend.address);
		ctx->user_port = bpf_htons(frontend.port);
	}
	return 1;
}

/* Per packet. */

#ifdef IPV6
typedef struct ipv6hdr ip_header;
#define ETH_P ETH_P_IPV6
#else
typedef struct iphdr ip_header;
#define ETH_P ETH_P_IP
#endif

#define SOURCE_AT (ETH_HLEN + offsetof(ip_header, saddr))
#define DESTINATION_AT (ETH_HLEN + offsetof(ip_header, daddr))
#define L4_AT (ETH_HLEN + sizeof(ip_header))

/* False: not of this family, or not understood. Then the next program on the interface is asked (TC_ACT_UNSPEC). */
static __always_inline bool parse(struct __sk_buff *skb, struct tuple *tuple, bool *syn)
{
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *ethernet = (void *)(long)skb->data;
	ip_header *ip = (void *)(ethernet + 1);
	struct udphdr *ports = (void *)(ip + 1);
	__u8 protocol;

	if ((void *)(ports + 1) > end || ethernet->h_proto != bpf_htons(ETH_P))
		return false;
#ifdef IPV6
	protocol = ip->nexthdr;
#else
	if (ip->ihl != 5)
		return false;
	protocol = ip->protocol;
#endif
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return false;
	*syn = false;
	if (protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = (void *)ports;

		if ((void *)(tcp + 1) > end)
			return false;
		*syn = tcp->syn && !tcp->ack;
	}
	*tuple = (struct tuple){
		.source = from_net(*(struct net_address *)&ip->saddr),
		.destination = from_net(*(struct net_address *)&ip->daddr),
		.source_port = bpf_ntohs(ports->source),
		.destination_port = bpf_ntohs(ports->dest),
		.protocol = protocol,
	};
	return true;
}

/* Rewrites an address and its port, and what they are summed up in. */
static __always_inline void rewrite(struct __sk_buff *skb, __u8 protocol, bool source, struct address from,
				    struct address to, __u16 from_port, __u16 to_port)
{
	struct net_address old = to_net(from), new = to_net(to);
	__be16 old_port = bpf_htons(from_port), new_port = bpf_htons(to_port);
	__u32 address_at = source ? SOURCE_AT : DESTINATION_AT;
	__u32 port_at = L4_AT + (source ? 0 : 2);
	__u32 check_at = L4_AT + (protocol == IPPROTO_TCP ? offsetof(struct tcphdr, check) : offsetof(struct udphdr, check));
	__u64 flags = protocol == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;

#ifdef IPV6
	/* Four words at once, and no sum of the header's own. */
	bpf_l4_csum_replace(skb, check_at, 0, bpf_csum_diff(old.word, sizeof(old), new.word, sizeof(new), 0),
			    flags | BPF_F_PSEUDO_HDR);
#else
	bpf_l4_csum_replace(skb, check_at, old.word[0], new.word[0], flags | BPF_F_PSEUDO_HDR | 4);
	bpf_l3_csum_replace(skb, ETH_HLEN + offsetof(struct iphdr, check), old.word[0], new.word[0], 4);
#endif
	bpf_l4_csum_replace(skb, check_at, old_port, new_port, flags | 2);
	bpf_skb_store_bytes(skb, address_at, &new, sizeof(new), 0);
	bpf_skb_store_bytes(skb, port_at, &new_port, 2, 0);
}

/* A new connection: chooses, and writes both directions into the connection-tracking map. */
static __always_inline int open_connection(const struct tuple *tuple, struct connection *connection,
					   struct backend *backend)
{
	struct choice choice = {};
	struct flow flow = {
		.source = tuple->source,
		.destination = tuple->destination,
		.source_port = tuple->source_port,
		.destination_port = tuple->destination_port,
		.protocol = tuple->protocol,
		.client = client_at(tuple->source),
		.entropy = bpf_get_prandom_u32(),
	};
	int verdict = settings.maglev_size ? choose(&flow, &choice, true, false) : choose(&flow, &choice, false, false);

	if (verdict)
		return verdict;
	*backend = choice.backend;
	*connection = (struct connection){
		.backend = choice.id,
		.rev_nat = choice.rev_nat,
		/* SNAT mode: what comes from outside and leaves the node again gets the node's address; so does a client
		 * that is the chosen endpoint itself, where Cilium takes an address of the loopback range. */
		.rewritten = is_same(backend->address, tuple->source) ||
			     (!from_inside(tuple->source) && !(choice.flags & EXTERNAL_LOCAL) && !choice.backend.local),
		.client = { .address = tuple->source, .port = tuple->source_port },
		.frontend = { .address = tuple->destination, .port = tuple->destination_port },
#ifdef CALICO
		.destination = { .address = backend->address, .port = backend->port },
#endif
	};
	struct tuple reply = {
		.source = backend->address,
		.destination = connection->rewritten ? setting(&settings.snat_address) : tuple->source,
		.source_port = backend->port,
		.destination_port = tuple->source_port,
		.protocol = tuple->protocol,
		.reply = 1,
	};
	/* Without its state the connection would break at its next packet: failing closed, as Cilium does. */
	if (bpf_map_update_elem(&CT, tuple, connection, BPF_ANY) ||
	    bpf_map_update_elem(&CT, &reply, connection, BPF_ANY))
		return DROP;
	return 0;
}

SEC("tc")
int balance(struct __sk_buff *skb)
{
	struct tuple tuple;
	struct connection connection, *known;
	struct backend backend;
	bool syn;

	if (!parse(skb, &tuple, &syn))
		return TC_ACT_UNSPEC;
	known = bpf_map_lookup_elem(&CT, &tuple);
	if (known && !syn) {
		connection = *known;
		if (!backend_of(&connection, &backend))
			return TC_ACT_SHOT;
	} else {
		int verdict = open_connection(&tuple, &connection, &backend);

		if (verdict == PASS)
			return TC_ACT_OK;
		if (verdict)
			return TC_ACT_SHOT;
	}
	rewrite(skb, tuple.protocol, false, tuple.destination, backend.address, tuple.destination_port, backend.port);
	if (connection.rewritten)
		rewrite(skb, tuple.protocol, true, tuple.source, setting(&settings.snat_address), tuple.source_port,
			tuple.source_port);
	return TC_ACT_OK;
}

SEC("tc")
int restore(struct __sk_buff *skb)
{
	struct tuple tuple;
	struct connection *known, connection;
	struct address_port restored;
	bool syn;

	if (!parse(skb, &tuple, &syn))
		return TC_ACT_UNSPEC;
	tuple.reply = 1;
	known = bpf_map_lookup_elem(&CT, &tuple);
	if (!known)
		return TC_ACT_OK;
	connection = *known;
	restored = connection.frontend;
	if (!frontend_of(&connection, &restored))
		return TC_ACT_SHOT;
	rewrite(skb, tuple.protocol, true, tuple.source, restored.address, tuple.source_port, restored.port);
	if (connection.rewritten)
		rewrite(skb, tuple.protocol, false, tuple.destination, connection.client.address, tuple.destination_port,
			connection.client.port);
	return TC_ACT_OK;
}

/*
 * For BPF_PROG_TEST_RUN, which can't run cgroup programs: the same lookup on a pseudo-random service.
 *
 * What one run finds decides what the next asks for. A core would else begin the next lookup while it waits for the memory
 * of this one, and the mean of the runs would be a throughput: the first packet of a flow waits for all its loads.
 */
static __u32 found_before;

static __always_inline struct address_port *next_target(__u32 random)
{
	__u32 index = settings.targets ? (random + found_before) % settings.targets : 0;

	return bpf_map_lookup_elem(&lookup_targets, &index);
}

static __always_inline int lookup_once(bool maglev)
{
	__u32 random = bpf_get_prandom_u32();
	struct address_port *target = next_target(random);
	struct choice choice = {};
	int verdict;

	if (!target)
		return PASS;
	struct flow flow = {
		.source = setting(&settings.lookup_source),
		.destination = target->address,
		.source_port = random,
		.destination_port = target->port,
		.protocol = IPPROTO_TCP,
		.entropy = bpf_get_prandom_u32(),
	};
	verdict = choose(&flow, &choice, maglev, false);
	found_before = choice.backend.address.word[ADDRESS_WORDS - 1];
	return verdict;
}

SEC("tc")
int lookup_random(struct __sk_buff *skb)
{
	return lookup_once(false);
}

SEC("tc")
int lookup_maglev(struct __sk_buff *skb)
{
	return settings.maglev_size ? lookup_once(true) : PASS;
}

/* What the two above cost before their lookup, one run after the other as well: to be subtracted. */
SEC("tc")
int lookup_nothing(struct __sk_buff *skb)
{
	struct address_port *target = next_target(bpf_get_prandom_u32());

	if (!target)
		return PASS;
	found_before = target->address.word[ADDRESS_WORDS - 1] + bpf_get_prandom_u32();
	return PASS;
}

char LICENSE[] SEC("license") = "GPL";
