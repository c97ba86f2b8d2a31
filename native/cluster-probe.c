/*
 * Both ends of a connection through a cluster's data plane, in a pod without rights:
 *
 *   cluster-probe serve PORT     answers 'w' with the address that it was reached at, any other byte with itself
 *   cluster-probe probe FILE     measures what FILE asks for, and writes JSON lines (src/cluster-lane/probe-reports.ts)
 *
 * FILE has a word and its values on each line: `rounds`, `round-ms`, `interval-us`, `seed`, `settle-ms`, `port` of the
 * targets, then `target ADDRESS` and `service ADDRESS PORT FIRST COUNT`: targets FIRST, FIRST + 1, … COUNT of them, counted
 * around, may answer for that Service. Connections to Services and to targets take turns, in random order, so that both see
 * the same minutes of the same nodes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS 1000
#define SETTLE_TIMEOUT_MS 100
/* A container's log is stored in lines of at most 16 KiB. */
#define SAMPLES_A_LINE 400
#define LOOPBACK_CONNECTIONS 400

struct service {
	struct sockaddr_in at;
	int first, count;
};

enum outcome { REACHED, WRONG, REFUSED, TIMED_OUT, UNREACHABLE, OTHER, OUTCOMES };
static const char *const OUTCOME_NAMES[] = { "reached", "wrong", "refused", "timedOut", "unreachable", "other" };

struct sample {
	uint32_t connect_ns, exchange_ns;
};

struct series {
	const char *path;
	struct sample *samples;
	int count;
};

static struct service *services;
static struct sockaddr_in *targets;
static int service_count, target_count;
static long rounds = 10, round_ms = 2000, interval_us = 500, settle_ms = 60000, port = 8080;
static uint64_t state = 1;

static void die(const char *what)
{
	printf("{\"kind\":\"failed\",\"reason\":\"%s: %s\"}\n", what, strerror(errno));
	fflush(stdout);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec time = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
		;
}

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016. */
static uint32_t random_below(uint32_t bound)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(((state * 2685821657736338717ull) >> 32) * bound >> 32);
}

/* --- the server ------------------------------------------------------------ */

static int listen_on(struct sockaddr_in at, int backlog)
{
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, backlog))
		die("listen");
	return fd;
}

static void answer(int fd)
{
	struct sockaddr_in self;
	socklen_t length = sizeof(self);
	char request;

	if (recv(fd, &request, 1, 0) != 1)
		close(fd);
	else if (request != 'w')
		send(fd, &request, 1, MSG_NOSIGNAL);
	else if (!getsockname(fd, (struct sockaddr *)&self, &length))
		send(fd, &self.sin_addr, sizeof(self.sin_addr), MSG_NOSIGNAL);
}

static void serve(int listener)
{
	struct epoll_event events[64], event = { .events = EPOLLIN, .data.fd = listener };
	int on = 1, queue = epoll_create1(EPOLL_CLOEXEC);

	if (queue < 0 || epoll_ctl(queue, EPOLL_CTL_ADD, listener, &event))
		die("epoll");
	for (;;) {
		int ready = epoll_wait(queue, events, 64, -1);

		for (int i = 0; i < ready; i++) {
			if (events[i].data.fd != listener) {
				answer(events[i].data.fd);
				continue;
			}
			int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

			if (fd < 0)
				continue;
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			event.data.fd = fd;
			if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event))
				close(fd);
		}
	}
}

/* --- one connection -------------------------------------------------------- */

static enum outcome outcome_of(int error)
{
	if (error == ECONNREFUSED || error == ECONNRESET)
		return REFUSED;
	if (error == EINPROGRESS || error == EAGAIN || error == ETIMEDOUT)
		return TIMED_OUT;
	return error == EHOSTUNREACH || error == ENETUNREACH || error == EPERM ? UNREACHABLE : OTHER;
}

/* Connects, asks who answers, and times one request and its answer over the open connection. */
static enum outcome try_connection(const struct sockaddr_in *to, long timeout_ms, struct sample *sample, uint32_t *who)
{
	struct linger reset = { .l_onoff = 1 };
	struct timeval timeout = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
	enum outcome outcome = REACHED;
	uint64_t started, ended;
	char echo = 'e';
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	/* A reset leaves no TIME_WAIT behind: every connection finds a port that is free. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	started = now_ns();
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to))) {
		outcome = outcome_of(errno);
	} else {
		sample->connect_ns = now_ns() - started;
		if (send(fd, "w", 1, MSG_NOSIGNAL) != 1 || recv(fd, who, sizeof(*who), MSG_WAITALL) != sizeof(*who))
			outcome = outcome_of(errno);
		else {
			started = now_ns();
			if (send(fd, &echo, 1, MSG_NOSIGNAL) != 1 || recv(fd, &echo, 1, 0) != 1)
				outcome = outcome_of(errno);
			ended = now_ns();
			sample->exchange_ns = ended - started;
		}
	}
	close(fd);
	return outcome;
}

static enum outcome connect_service(const struct service *service, long timeout_ms, struct sample *sample)
{
	uint32_t who;
	enum outcome outcome = try_connection(&service->at, timeout_ms, sample, &who);

	if (outcome != REACHED)
		return outcome;
	for (int i = 0; i < service->count; i++)
		if (targets[(service->first + i) % target_count].sin_addr.s_addr == who)
			return REACHED;
	return WRONG;
}

static enum outcome connect_target(const struct sockaddr_in *target, struct sample *sample)
{
	uint32_t who;
	enum outcome outcome = try_connection(target, TIMEOUT_MS, sample, &who);

	return outcome == REACHED && who != target->sin_addr.s_addr ? WRONG : outcome;
}

/* --- the measurement ------------------------------------------------------- */

static void print_numbers(const char *name, const struct sample *samples, int count, int exchange)
{
	printf(",\"%s\":[", name);
	for (int i = 0; i < count; i++)
		printf("%s%u", i ? "," : "", exchange ? samples[i].exchange_ns : samples[i].connect_ns);
	printf("]");
}

static void print_series(long round, const struct series *series)
{
	for (int at = 0; at < series->count; at += SAMPLES_A_LINE) {
		int count = series->count - at < SAMPLES_A_LINE ? series->count - at : SAMPLES_A_LINE;

		printf("{\"kind\":\"samples\",\"round\":%ld,\"path\":\"%s\"", round, series->path);
		print_numbers("connectNs", series->samples + at, count, 0);
		print_numbers("exchangeNs", series->samples + at, count, 1);
		printf("}\n");
	}
}

/* What the clock can tell apart, what reading it takes, and what a connection within this pod takes: the least there is. */
static void measure_floor(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sample samples[LOOPBACK_CONNECTIONS];
	struct timespec resolution;
	socklen_t length = sizeof(at);
	uint64_t least = UINT64_MAX;
	int listener = listen_on(at, 64);
	pid_t server;
	uint32_t who;

	clock_getres(CLOCK_MONOTONIC, &resolution);
	for (int i = 0; i < 10000; i++) {
		uint64_t first = now_ns(), second = now_ns();

		if (second > first && second - first < least)
			least = second - first;
	}
	if (getsockname(listener, (struct sockaddr *)&at, &length))
		die("getsockname");
	server = fork();
	if (server < 0)
		die("fork");
	if (!server)
		serve(listener);
	close(listener);
	for (int i = 0; i < LOOPBACK_CONNECTIONS; i++) {
		sleep_until(now_ns() + interval_us * 1000);
		if (try_connection(&at, TIMEOUT_MS, &samples[i], &who) != REACHED)
			die("loopback");
	}
	kill(server, SIGKILL);
	printf("{\"kind\":\"floor\",\"resolutionNs\":%ld,\"clockNs\":%llu", resolution.tv_nsec, (unsigned long long)least);
	print_numbers("connectNs", samples, LOOPBACK_CONNECTIONS, 0);
	print_numbers("exchangeNs", samples, LOOPBACK_CONNECTIONS, 1);
	printf("}\n");
}

/* Waits until each Service has answered once, by one of its own targets. */
static void settle(void)
{
	uint64_t started = now_ns();
	struct sample sample;

	for (int i = 0; i < service_count;) {
		enum outcome outcome = connect_service(&services[i], SETTLE_TIMEOUT_MS, &sample);
		uint64_t ms = (now_ns() - started) / 1000000;

		if (outcome == REACHED) {
			i++;
		} else if (ms > (uint64_t)settle_ms) {
			printf("{\"kind\":\"unsettled\",\"answered\":%d,\"outcome\":\"%s\",\"ms\":%llu}\n", i,
			       OUTCOME_NAMES[outcome], (unsigned long long)ms);
			fflush(stdout);
			exit(1);
		} else if (outcome != TIMED_OUT) {
			sleep_until(now_ns() + 10000000);
		}
	}
	printf("{\"kind\":\"settled\",\"ms\":%llu}\n", (unsigned long long)((now_ns() - started) / 1000000));
	fflush(stdout);
}

static uint64_t cpu_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static void measure_round(long round, struct series *through, struct series *direct)
{
	long outcomes[OUTCOMES] = { 0 };
	uint64_t started = now_ns(), ended = started + (uint64_t)round_ms * 1000000, next = started, cpu = cpu_ms();
	long most = round_ms * 1000 / interval_us;

	through->count = direct->count = 0;
	for (long i = 0; i < most && now_ns() < ended; i++) {
		int first = random_below(2);

		for (int turn = 0; turn < 2; turn++) {
			struct series *series = turn == first ? through : direct;
			struct sample sample = { 0 };
			enum outcome outcome;

			sleep_until(next);
			/* What is late stays late: making up for it would measure a burst. */
			next = (now_ns() > next + interval_us * 1000 ? now_ns() : next) + interval_us * 1000;
			outcome = series == through ?
				connect_service(&services[random_below(service_count)], TIMEOUT_MS, &sample) :
				connect_target(&targets[random_below(target_count)], &sample);
			outcomes[outcome]++;
			if (outcome == REACHED && series->count < most)
				series->samples[series->count++] = sample;
		}
	}
	uint64_t wall = (now_ns() - started) / 1000000;

	cpu = cpu_ms() - cpu;
	print_series(round, through);
	print_series(round, direct);
	printf("{\"kind\":\"round\",\"round\":%ld,\"wallMs\":%llu,\"cpuMs\":%llu,\"outcomes\":{", round,
	       (unsigned long long)wall, (unsigned long long)cpu);
	for (int i = 0; i < OUTCOMES; i++)
		printf("%s\"%s\":%ld", i ? "," : "", OUTCOME_NAMES[i], outcomes[i]);
	printf("}}\n");
	fflush(stdout);
}

static struct sockaddr_in address(const char *text, long at)
{
	struct sockaddr_in parsed = { .sin_family = AF_INET, .sin_port = htons(at) };

	errno = EINVAL;
	if (inet_pton(AF_INET, text, &parsed.sin_addr) != 1)
		die(text);
	return parsed;
}

static void read_task(const char *path)
{
	char line[256], word[64], where[64];
	FILE *file = fopen(path, "r");
	long value, first, count;

	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "service %63s %ld %ld %ld", where, &value, &first, &count) == 4) {
			services = realloc(services, (service_count + 1) * sizeof(*services));
			if (!services)
				die("realloc");
			services[service_count++] = (struct service){ address(where, value), first, count };
		} else if (sscanf(line, "target %63s", where) == 1) {
			targets = realloc(targets, (target_count + 1) * sizeof(*targets));
			if (!targets)
				die("realloc");
			targets[target_count++] = address(where, port);
		} else if (sscanf(line, "%63s %ld", word, &value) == 2) {
			if (!strcmp(word, "rounds")) rounds = value;
			else if (!strcmp(word, "round-ms")) round_ms = value;
			else if (!strcmp(word, "interval-us")) interval_us = value;
			else if (!strcmp(word, "settle-ms")) settle_ms = value;
			else if (!strcmp(word, "port")) port = value;
			else if (!strcmp(word, "seed")) state = value * 2654435761u + 1;
			else { errno = EINVAL; die(word); }
		} else {
			errno = EINVAL;
			die("task");
		}
	}
	fclose(file);
	errno = EINVAL;
	if (!service_count || !target_count || interval_us < 1 || round_ms < 1)
		die("task");
}

int main(int argc, char **argv)
{
	struct series through = { .path = "service" }, direct = { .path = "endpoint" };

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(argv[1], "serve"))
		serve(listen_on((struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(atoi(argv[2])) }, 4096));
	if (argc != 3 || strcmp(argv[1], "probe")) {
		fprintf(stderr, "usage: cluster-probe serve PORT | cluster-probe probe FILE\n");
		return 2;
	}
	read_task(argv[2]);
	/* Every node draws its own Services. */
	state ^= (uint64_t)getpid() << 32 ^ now_ns();
	through.samples = calloc(round_ms * 1000 / interval_us + 1, sizeof(struct sample));
	direct.samples = calloc(round_ms * 1000 / interval_us + 1, sizeof(struct sample));
	if (!through.samples || !direct.samples)
		die("calloc");
	measure_floor();
	settle();
	for (long round = 0; round < rounds; round++)
		measure_round(round, &through, &direct);
	printf("{\"kind\":\"end\"}\n");
	return 0;
}
