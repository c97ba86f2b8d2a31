// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses in balancer.bpf.c: of one word, or with IPV6 defined of four, the highest first. Words are in host byte order, as the
 * model's are; what comes from packets, sockets and Cilium's or Calico's own maps is in network byte order.
 */
#ifdef IPV6
#define ADDRESS_WORDS 4
#define FAMILY_DIGIT "6"
/* Names of maps, as the agents have them. */
#define LB(map) lb6_##map
#define CT ct6
#define CILIUM_LB(map) cilium_lb6_##map
#define CALI(map) cali_v6_##map
#else
#define ADDRESS_WORDS 1
#define FAMILY_DIGIT "4"
#define LB(map) lb4_##map
#define CT ct4
#define CILIUM_LB(map) cilium_lb4_##map
#define CALI(map) cali_v4_##map
#endif
#define ADDRESS_BITS (ADDRESS_WORDS * 32)

struct address {
	__u32 word[ADDRESS_WORDS];
};

/* The same in network byte order. */
struct net_address {
	__be32 word[ADDRESS_WORDS];
};

static __always_inline bool is_same(struct address a, struct address b)
{
	__u32 differs = 0;

	for (int i = 0; i < ADDRESS_WORDS; i++)
		differs |= a.word[i] ^ b.word[i];
	return !differs;
}

static __always_inline bool is_zero(struct address a)
{
	return is_same(a, (struct address){});
}

static __always_inline struct address from_net(struct net_address address)
{
	struct address own;

	for (int i = 0; i < ADDRESS_WORDS; i++)
		own.word[i] = bpf_ntohl(address.word[i]);
	return own;
}

static __always_inline struct net_address to_net(struct address address)
{
	struct net_address net;

	for (int i = 0; i < ADDRESS_WORDS; i++)
		net.word[i] = bpf_htonl(address.word[i]);
	return net;
}

static __always_inline bool is_loopback(struct address a)
{
#ifdef IPV6
	return !(a.word[0] | a.word[1] | a.word[2]) && a.word[3] == 1;
#else
	return a.word[0] >> 24 == 127;
#endif
}

/* Whom affinity remembers: a source address, or the cookie of a network namespace. Zeros fill it up. */
struct client {
	__u64 word[(ADDRESS_WORDS + 1) / 2];
};

static __always_inline struct client client_at(struct address address)
{
	struct client client = {};

	__builtin_memcpy(&client, &address, sizeof(address));
	return client;
}
