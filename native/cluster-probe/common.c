/* Addresses, clocks, and the end where something fails. */
#define _GNU_SOURCE
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *const PROTOCOL_NAMES[] = { "tcp", "udp" };

void die(const char *what)
{
	printf("{\"kind\":\"failed\",\"reason\":\"%s: %s\"}\n", what, strerror(errno));
	fflush(stdout);
	exit(1);
}

uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void sleep_until(uint64_t ns)
{
	struct timespec time = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		;
}

socklen_t length_of(const union address *at)
{
	return at->any.sa_family == AF_INET6 ? sizeof(at->v6) : sizeof(at->v4);
}

union address address(const char *text, long port)
{
	union address parsed = { 0 };

	errno = EINVAL;
	if (strchr(text, ':')) {
		parsed.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		if (inet_pton(AF_INET6, text, &parsed.v6.sin6_addr) != 1)
			die(text);
	} else {
		parsed.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
		if (inet_pton(AF_INET, text, &parsed.v4.sin_addr) != 1)
			die(text);
	}
	return parsed;
}

union address loopback(sa_family_t family)
{
	return address(family == AF_INET6 ? "::1" : "127.0.0.1", 0);
}

#define FIRST_PORT 10000
#define PORTS (65536 - FIRST_PORT)

void bind_oldest_port(int fd, sa_family_t family)
{
	static _Atomic unsigned next;

	for (int attempt = 0; attempt < 1000; attempt++) {
		union address at = address(family == AF_INET6 ? "::" : "0.0.0.0", FIRST_PORT + next++ % PORTS);

		if (!bind(fd, &at.any, length_of(&at)))
			return;
	}
	die("bind");
}

struct in6_addr identity_of(const union address *at)
{
	struct in6_addr identity = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	if (at->any.sa_family == AF_INET6)
		return at->v6.sin6_addr;
	memcpy(&identity.s6_addr[12], &at->v4.sin_addr, sizeof(at->v4.sin_addr));
	return identity;
}

int is_same(const struct in6_addr *a, const struct in6_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}
