/* What the parts of the cluster lane's program share; main.c says what it does. */
#ifndef CLUSTER_PROBE_H
#define CLUSTER_PROBE_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

enum protocol { TCP, UDP, PROTOCOLS };
extern const char *const PROTOCOL_NAMES[];

/* IPv4 and IPv6. */
union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

socklen_t length_of(const union address *at);
/* Reads an address of either family; ends the program where the text is none. */
union address address(const char *text, long port);
union address loopback(sa_family_t family);
/*
 * Gives a socket the port that was used longest ago. A node's connection table keeps a flow of UDP for 30 s, and a connection
 * that got no answer for two minutes: from the same port, what follows would go where that went.
 */
void bind_oldest_port(int fd, sa_family_t family);
/* Whose address it is, in one form for both families: that of IPv4 is ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
struct in6_addr identity_of(const union address *at);
int is_same(const struct in6_addr *a, const struct in6_addr *b);

/* Writes a report that names what failed, and ends the program. */
void die(const char *what);
uint64_t now_ns(void);
void sleep_until(uint64_t ns);

void seed_random(uint64_t seed);
uint32_t random_below(uint32_t bound);
/* Of connections with a mean interval: the least one, and any, from that to three times as much, all equally likely. */
uint64_t least_interval(uint64_t mean_ns);
uint64_t random_interval(uint64_t mean_ns);

/* The server. */
int listen_on(const union address *at, int backlog);
int bind_datagrams(const union address *at);
/* Answers for ever at sockets of both kinds, which the array holds in turns. */
void serve(const int *sockets, int count);
/* Answers for ever at a port of every address of each family that the node has. */
void serve_port(long port);

/* One connection. */
enum outcome { REACHED, WRONG, REFUSED, TIMED_OUT, UNREACHABLE, OTHER, OUTCOMES };
extern const char *const OUTCOME_NAMES[];

struct sample {
	uint32_t connect_ns, exchange_ns;
	/* Whether what answered is on the probe's node, and whether it was reached by IPv6. */
	char is_near, is_ipv6;
};

/* Connects, asks who answers, and times one request and its answer over what is open then. */
enum outcome try_to(enum protocol protocol, const union address *to, long timeout_ms, struct sample *sample,
		    struct in6_addr *who);

/* Measures what a file asks for. */
void probe(const char *path);
/* Waits for changes that standard input names. */
void follow(void);

/* What a file asks for. */
struct target {
	union address at;
	/* Whether it is on the probe's node. */
	char is_near;
};

struct service {
	union address at;
	/* Which targets of its family may answer, counted around. */
	int first, count;
};

struct targets {
	struct target *all;
	int count;
};

struct task {
	struct service *services;
	int service_count;
	/* Of IPv4, then of IPv6. */
	struct targets targets[2];
	long rounds, round_ms, warm_up_ms, settle_ms, port;
	/* No round begins that would end later than this after the start; 0: all are measured. */
	long budget_ms;
	/* 0: the protocol is not measured. */
	long intervals_us[PROTOCOLS];
	uint64_t seed;
};

extern struct task task;

void read_task(const char *path);
/* Those of the family of a Service's address. */
struct targets *targets_for(const union address *service);

/* A connection without an answer is given up after this long. */
#define TIMEOUT_MS 1000

/* To a Service: WRONG where a target answers that is none of its own. */
enum outcome connect_service(enum protocol protocol, const struct service *service, long timeout_ms,
			     struct sample *sample);
enum outcome connect_target(enum protocol protocol, const struct target *target, struct sample *sample);
void print_numbers(const char *name, const struct sample *samples, int count, int exchange);
void measure_floor(enum protocol protocol);
void settle(void);
/* How long CPUs are in which idle state, from the one call to the other. */
void start_idle_times(void);
void print_idle_times(void);

#endif
