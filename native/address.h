/*
 * Addresses as the kernel lane names them: numbers of 32 bits. In IPv4 they are the address; in IPv6 each lies in a region
 * that stands for a range (src/cluster/address-plan.ts), and what no region holds stands in the last 32 bits of 64:ff9b::/96.
 */
#ifndef LBSCALE_ADDRESS_H
#define LBSCALE_ADDRESS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_REGIONS 32
/* Whoever has an address that no number stands for, such as a link-local one. */
#define UNKNOWN_ADDRESS 0xffffffffu

struct region {
	uint32_t first;
	uint64_t size;
	struct in6_addr base;
};

static int family = AF_INET;
static struct region regions[MAX_REGIONS];
static int region_count;
static struct in6_addr rest;

static inline uint32_t low_word(const struct in6_addr *address)
{
	return ntohl(address->s6_addr32[3]);
}

/* Reads FIRST/BITS=ADDRESS with commas between, and turns to IPv6. Returns 0, or -1 for a text that is none. */
static int read_regions(char *text)
{
	family = AF_INET6;
	inet_pton(AF_INET6, "64:ff9b::", &rest);
	for (char *part = strtok(text, ","); part; part = strtok(NULL, ",")) {
		struct region *region = &regions[region_count];
		unsigned bits;
		char address[INET6_ADDRSTRLEN];

		if (region_count == MAX_REGIONS || sscanf(part, "%u/%u=%45s", &region->first, &bits, address) != 3 ||
		    bits > 32 || inet_pton(AF_INET6, address, &region->base) != 1)
			return -1;
		region->size = 1ull << bits;
		region_count++;
	}
	return 0;
}

static inline struct in6_addr address_of(uint32_t number)
{
	struct in6_addr address = rest;

	for (int i = 0; i < region_count; i++)
		if (number >= regions[i].first && number - regions[i].first < regions[i].size) {
			address = regions[i].base;
			address.s6_addr32[3] = htonl(low_word(&address) + (number - regions[i].first));
			return address;
		}
	address.s6_addr32[3] = htonl(number);
	return address;
}

static inline uint32_t number_of(const struct in6_addr *address)
{
	for (int i = 0; i < region_count; i++) {
		uint64_t place = (uint64_t)low_word(address) - low_word(&regions[i].base);

		if (!memcmp(address, &regions[i].base, 12) && place < regions[i].size)
			return regions[i].first + place;
	}
	return memcmp(address, &rest, 12) ? UNKNOWN_ADDRESS : low_word(address);
}

/* A socket's address of this number and port; returns its length. */
static inline socklen_t socket_address(struct sockaddr_storage *out, uint32_t number, uint16_t port)
{
	memset(out, 0, sizeof(*out));
	out->ss_family = family;
	if (family == AF_INET6) {
		struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

		six->sin6_port = htons(port);
		if (number)
			six->sin6_addr = address_of(number);
		return sizeof(*six);
	}
	struct sockaddr_in *four = (struct sockaddr_in *)out;

	four->sin_port = htons(port);
	four->sin_addr.s_addr = htonl(number);
	return sizeof(*four);
}

static inline uint32_t number_at(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? number_of(&((const struct sockaddr_in6 *)address)->sin6_addr)
					      : ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
}

static inline uint16_t port_at(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
						    : ((const struct sockaddr_in *)address)->sin_port);
}

/* Sends and receives from addresses that are not the host's own. Returns what setsockopt does. */
static inline int make_transparent(int fd)
{
	int on = 1;

	return family == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &on, sizeof(on))
				  : setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on));
}

#endif
