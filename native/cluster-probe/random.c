/* Random numbers, and the intervals between connections. */
#include "probe.h"

static uint64_t state = 1;

void seed_random(uint64_t seed)
{
	/* It never leaves 0. */
	state = seed ? seed : 1;
}

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016. */
uint32_t random_below(uint32_t bound)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(((state * 2685821657736338717ull) >> 32) * bound >> 32);
}

uint64_t least_interval(uint64_t mean_ns)
{
	return mean_ns / 2;
}

/*
 * 2,000 connections a second at equal intervals would keep their phase to the kernel's 250 timer ticks: one in eight of a round
 * would meet a tick, or none would, and p90 would depend on when the round began (periodic sampling: RFC 2330, 11.1). Of the
 * distributions without that fault, the uniform one keeps connections apart: Baccelli et al., "The Role of PASTA in Network
 * Measurement", 2006.
 */
uint64_t random_interval(uint64_t mean_ns)
{
	return least_interval(mean_ns) + random_below(mean_ns);
}
