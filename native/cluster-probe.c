/*
 * Both ends of a connection through a cluster's data plane, in a pod without rights:
 *
 *   cluster-probe serve PORT     answers 'w' with the address that it was reached at, any other byte with itself; TCP and UDP
 *   cluster-probe probe FILE     measures what FILE asks for, and writes JSON lines (src/cluster-lane/probe-reports.ts)
 *   cluster-probe watch          waits for changes that standard input names (src/cluster-lane/changes/watcher.ts)
 *
 * FILE has a word and its values on each line: `rounds`, `round-ms`, `tcp-interval-us`, `udp-interval-us` (0: that protocol
 * is not measured), `seed`, `settle-ms`, `port` of the targets, then `target ADDRESS NODE` and `service ADDRESS PORT FIRST
 * COUNT`: targets FIRST, FIRST + 1, … COUNT of them, counted around, may answer for that Service. Connections to Services and
 * to targets take turns, in random order, so that both see the same minutes of the same nodes. The environment's NODE is
 * where this probe is: what was answered on the same node is told from what went to another.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
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
/* Connections of `watch` under way: one that gets no answer is given up after as many intervals of a millisecond. */
#define ATTEMPTS 128
/* After the first answer of a new endpoint, the old one is listened for this long. */
#define AFTERMATH_MS 200

enum protocol { TCP, UDP, PROTOCOLS };
static const char *const PROTOCOL_NAMES[] = { "tcp", "udp" };

struct service {
	struct sockaddr_in at;
	int first, count;
};

enum outcome { REACHED, WRONG, REFUSED, TIMED_OUT, UNREACHABLE, OTHER, OUTCOMES };
static const char *const OUTCOME_NAMES[] = { "reached", "wrong", "refused", "timedOut", "unreachable", "other" };

struct sample {
	uint32_t connect_ns, exchange_ns;
	char is_near;
};

struct target {
	struct sockaddr_in at;
	/* Whether it is on the probe's node. */
	char is_near;
};

struct series {
	const char *path;
	struct sample *samples;
	int count;
};

static struct service *services;
static struct target *targets;
static int service_count, target_count;
static long rounds = 10, round_ms = 2000, intervals_us[PROTOCOLS], settle_ms = 60000, port = 8080;
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

static int bind_datagrams(struct sockaddr_in at)
{
	int on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("datagrams");
	return fd;
}

/* A datagram's answer is the same as a connection's. */
static void answer_datagram(int fd)
{
	char request, control[CMSG_SPACE(sizeof(struct in_pktinfo))];
	struct sockaddr_in from;
	struct iovec part = { &request, 1 };
	struct msghdr message = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};

	while (recvmsg(fd, &message, 0) == 1) {
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		struct in_addr self = { 0 };

		if (header && header->cmsg_type == IP_PKTINFO)
			self = ((struct in_pktinfo *)CMSG_DATA(header))->ipi_addr;
		if (request == 'w')
			sendto(fd, &self, sizeof(self), 0, (struct sockaddr *)&from, sizeof(from));
		else
			sendto(fd, &request, 1, 0, (struct sockaddr *)&from, sizeof(from));
		message.msg_namelen = sizeof(from);
		message.msg_controllen = sizeof(control);
	}
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

static void serve(int listener, int datagrams)
{
	struct epoll_event events[64], event = { .events = EPOLLIN, .data.fd = listener };
	int on = 1, queue = epoll_create1(EPOLL_CLOEXEC);

	if (queue < 0 || epoll_ctl(queue, EPOLL_CTL_ADD, listener, &event))
		die("epoll");
	event.data.fd = datagrams;
	if (epoll_ctl(queue, EPOLL_CTL_ADD, datagrams, &event))
		die("epoll");
	for (;;) {
		int ready = epoll_wait(queue, events, 64, -1);

		for (int i = 0; i < ready; i++) {
			if (events[i].data.fd == datagrams) {
				answer_datagram(datagrams);
				continue;
			}
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

static enum outcome ask(int fd, char question, void *reply, ssize_t length, uint32_t *ns)
{
	uint64_t started = now_ns();

	if (send(fd, &question, 1, MSG_NOSIGNAL) != 1 || recv(fd, reply, length, 0) != length)
		return outcome_of(errno);
	*ns = now_ns() - started;
	return REACHED;
}

/* A question and its answer from a port that is new to the plane, and once more from the same. */
static enum outcome try_datagrams(const struct sockaddr_in *to, long timeout_ms, struct sample *sample, uint32_t *who)
{
	struct timeval timeout = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
	enum outcome outcome;
	char echo;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		outcome = outcome_of(errno);
	else if ((outcome = ask(fd, 'w', who, sizeof(*who), &sample->connect_ns)) == REACHED)
		outcome = ask(fd, 'e', &echo, 1, &sample->exchange_ns);
	close(fd);
	return outcome;
}

static enum outcome try_to(enum protocol protocol, const struct sockaddr_in *to, long timeout_ms, struct sample *sample,
			   uint32_t *who)
{
	return (protocol == TCP ? try_connection : try_datagrams)(to, timeout_ms, sample, who);
}

static enum outcome connect_service(enum protocol protocol, const struct service *service, long timeout_ms,
				    struct sample *sample)
{
	uint32_t who;
	enum outcome outcome = try_to(protocol, &service->at, timeout_ms, sample, &who);

	if (outcome != REACHED)
		return outcome;
	for (int i = 0; i < service->count; i++) {
		const struct target *target = &targets[(service->first + i) % target_count];

		if (target->at.sin_addr.s_addr != who)
			continue;
		sample->is_near = target->is_near;
		return REACHED;
	}
	return WRONG;
}

static enum outcome connect_target(enum protocol protocol, const struct target *target, struct sample *sample)
{
	uint32_t who;
	enum outcome outcome = try_to(protocol, &target->at, TIMEOUT_MS, sample, &who);

	sample->is_near = target->is_near;
	return outcome == REACHED && who != target->at.sin_addr.s_addr ? WRONG : outcome;
}

/* --- the measurement ------------------------------------------------------- */

static void print_numbers(const char *name, const struct sample *samples, int count, int exchange)
{
	printf(",\"%s\":[", name);
	for (int i = 0; i < count; i++)
		printf("%s%u", i ? "," : "", exchange ? samples[i].exchange_ns : samples[i].connect_ns);
	printf("]");
}

static void print_series(long round, enum protocol protocol, const struct series *series)
{
	for (int at = 0; at < series->count; at += SAMPLES_A_LINE) {
		int count = series->count - at < SAMPLES_A_LINE ? series->count - at : SAMPLES_A_LINE;

		printf("{\"kind\":\"samples\",\"round\":%ld,\"protocol\":\"%s\",\"path\":\"%s\"", round,
		       PROTOCOL_NAMES[protocol], series->path);
		print_numbers("connectNs", series->samples + at, count, 0);
		print_numbers("exchangeNs", series->samples + at, count, 1);
		printf(",\"near\":\"");
		for (int i = 0; i < count; i++)
			putchar(series->samples[at + i].is_near ? '1' : '0');
		printf("\"}\n");
	}
}

/* What the clock can tell apart, what reading it takes, and what a connection within this pod takes: the least there is. */
static void measure_floor(enum protocol protocol)
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
		serve(listener, bind_datagrams(at));
	close(listener);
	/* Its datagrams are answered once it has begun. */
	while (try_connection(&at, TIMEOUT_MS, samples, &who) != REACHED)
		sleep_until(now_ns() + 1000000);
	for (int i = 0; i < LOOPBACK_CONNECTIONS; i++) {
		sleep_until(now_ns() + intervals_us[protocol] * 1000);
		if (try_to(protocol, &at, TIMEOUT_MS, &samples[i], &who) != REACHED)
			die("loopback");
	}
	kill(server, SIGKILL);
	printf("{\"kind\":\"floor\",\"protocol\":\"%s\",\"resolutionNs\":%ld,\"clockNs\":%llu", PROTOCOL_NAMES[protocol],
	       resolution.tv_nsec, (unsigned long long)least);
	print_numbers("connectNs", samples, LOOPBACK_CONNECTIONS, 0);
	print_numbers("exchangeNs", samples, LOOPBACK_CONNECTIONS, 1);
	printf("}\n");
}

/* Waits until each Service has answered once, by one of its own targets. */
static void settle(void)
{
	uint64_t started = now_ns();
	struct sample sample;

	/* Each protocol of a Service is a frontend of its own. */
	for (int i = 0, protocol = intervals_us[TCP] ? TCP : UDP; i < service_count;) {
		enum outcome outcome = connect_service(protocol, &services[i], SETTLE_TIMEOUT_MS, &sample);
		uint64_t ms = (now_ns() - started) / 1000000;

		if (outcome == REACHED) {
			if (++i == service_count && protocol == TCP && intervals_us[UDP]) {
				protocol = UDP;
				i = 0;
			}
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

static void measure_round(long round, enum protocol protocol, struct series *through, struct series *direct)
{
	long interval_us = intervals_us[protocol];
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
				connect_service(protocol, &services[random_below(service_count)], TIMEOUT_MS, &sample) :
				connect_target(protocol, &targets[random_below(target_count)], &sample);
			outcomes[outcome]++;
			if (outcome == REACHED && series->count < most)
				series->samples[series->count++] = sample;
		}
	}
	uint64_t wall = (now_ns() - started) / 1000000;

	cpu = cpu_ms() - cpu;
	print_series(round, protocol, through);
	print_series(round, protocol, direct);
	printf("{\"kind\":\"round\",\"round\":%ld,\"protocol\":\"%s\",\"wallMs\":%llu,\"cpuMs\":%llu,\"outcomes\":{",
	       round, PROTOCOL_NAMES[protocol], (unsigned long long)wall, (unsigned long long)cpu);
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
	/* A node's name has 253 letters at most. */
	char line[512], word[64], where[64], node[256];
	const char *own_node = getenv("NODE");
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
		} else if (sscanf(line, "target %63s %255s", where, node) == 2) {
			targets = realloc(targets, (target_count + 1) * sizeof(*targets));
			if (!targets)
				die("realloc");
			targets[target_count++] = (struct target){ address(where, port), own_node && !strcmp(node, own_node) };
		} else if (sscanf(line, "%63s %ld", word, &value) == 2) {
			if (!strcmp(word, "rounds")) rounds = value;
			else if (!strcmp(word, "round-ms")) round_ms = value;
			else if (!strcmp(word, "tcp-interval-us")) intervals_us[TCP] = value;
			else if (!strcmp(word, "udp-interval-us")) intervals_us[UDP] = value;
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
	if (!service_count || !target_count || intervals_us[TCP] + intervals_us[UDP] < 1 || round_ms < 1)
		die("task");
}

/* --- changes --------------------------------------------------------------- */

/* A connection that is on its way. */
struct attempt {
	int fd;
	uint64_t started;
};

static void give_up(struct attempt *attempt)
{
	close(attempt->fd);
	attempt->fd = -1;
}

static void begin(struct attempt *attempt, int queue, const struct sockaddr_in *to)
{
	struct linger reset = { .l_onoff = 1 };
	struct epoll_event event = { .events = EPOLLOUT, .data.ptr = attempt };

	attempt->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (attempt->fd < 0)
		die("socket");
	setsockopt(attempt->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	attempt->started = now_ns();
	if ((connect(attempt->fd, (const struct sockaddr *)to, sizeof(*to)) && errno != EINPROGRESS) ||
	    epoll_ctl(queue, EPOLL_CTL_ADD, attempt->fd, &event))
		give_up(attempt);
}

/* One step further; whether an answer is there, which says who answered. */
static int advance(struct attempt *attempt, int queue, uint32_t events, uint32_t *who)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = attempt };
	int is_answered = 0;

	if (events & (EPOLLERR | EPOLLHUP)) {
		give_up(attempt);
	} else if (events & EPOLLOUT) {
		if (send(attempt->fd, "w", 1, MSG_NOSIGNAL) != 1 || epoll_ctl(queue, EPOLL_CTL_MOD, attempt->fd, &event))
			give_up(attempt);
	} else {
		is_answered = recv(attempt->fd, who, sizeof(*who), 0) == sizeof(*who);
		give_up(attempt);
	}
	return is_answered;
}

/*
 * Connects all the time, each connection on its own: an address without a Service may swallow the packet. A connection's
 * time is when its first packet left, because that is what the plane decides about.
 */
static void watch(long id, const struct sockaddr_in *to, uint32_t wanted, long watch_interval_us, long seconds)
{
	struct attempt attempts[ATTEMPTS];
	struct epoll_event events[ATTEMPTS];
	int queue = epoll_create1(EPOLL_CLOEXEC);
	uint64_t begun = now_ns(), next = begun, first = 0, other = 0;

	if (queue < 0)
		die("epoll");
	for (int i = 0; i < ATTEMPTS; i++)
		attempts[i].fd = -1;
	printf("{\"kind\":\"watching\",\"id\":%ld}\n", id);
	fflush(stdout);
	for (long i = 0;;) {
		uint64_t now = now_ns(), settled = first > other ? first : other;
		struct pollfd waiting = { .fd = queue, .events = POLLIN };
		struct timespec pause;
		int ready;

		if (first ? now > settled + AFTERMATH_MS * 1000000ull : now > begun + seconds * 1000000000ull)
			break;
		if (now >= next) {
			struct attempt *attempt = &attempts[i++ % ATTEMPTS];

			if (attempt->fd >= 0)
				give_up(attempt);
			begin(attempt, queue, to);
			next += watch_interval_us * 1000;
			continue;
		}
		pause = (struct timespec){ (next - now) / 1000000000, (next - now) % 1000000000 };
		ppoll(&waiting, 1, &pause, NULL);
		ready = epoll_wait(queue, events, ATTEMPTS, 0);
		for (int e = 0; e < ready; e++) {
			struct attempt *attempt = events[e].data.ptr;
			uint64_t started = attempt->started;
			uint32_t who;

			if (attempt->fd < 0 || !advance(attempt, queue, events[e].events, &who))
				continue;
			if (wanted && who != wanted)
				other = started > other ? started : other;
			else if (!first || started < first)
				first = started;
		}
	}
	for (int i = 0; i < ATTEMPTS; i++)
		if (attempts[i].fd >= 0)
			give_up(&attempts[i]);
	close(queue);
	printf("{\"kind\":\"seen\",\"id\":%ld,\"firstNs\":%llu,\"lastOtherNs\":%llu}\n", id, (unsigned long long)first,
	       (unsigned long long)other);
	fflush(stdout);
}

/* `clock ID`, or `watch ID ADDRESS PORT WANTED INTERVAL_US SECONDS` where WANTED 0.0.0.0 is any endpoint, a line each. */
static void follow(void)
{
	char line[256], where[64], wanted[64];
	long id, at, watch_interval_us, seconds;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "clock %ld", &id) == 1) {
			printf("{\"kind\":\"clock\",\"id\":%ld,\"ns\":%llu}\n", id, (unsigned long long)now_ns());
			fflush(stdout);
		} else if (sscanf(line, "watch %ld %63s %ld %63s %ld %ld", &id, where, &at, wanted, &watch_interval_us,
				  &seconds) == 6) {
			struct sockaddr_in to = address(where, at);

			watch(id, &to, address(wanted, 0).sin_addr.s_addr, watch_interval_us, seconds);
		}
	}
}

int main(int argc, char **argv)
{
	struct series through = { .path = "service" }, direct = { .path = "endpoint" };
	long most = 0;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && !strcmp(argv[1], "watch")) {
		follow();
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "serve")) {
		struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[2])) };

		serve(listen_on(at, 4096), bind_datagrams(at));
	}
	if (argc != 3 || strcmp(argv[1], "probe")) {
		fprintf(stderr, "usage: cluster-probe serve PORT | cluster-probe probe FILE | cluster-probe watch\n");
		return 2;
	}
	read_task(argv[2]);
	/* Every node draws its own Services. */
	state ^= (uint64_t)getpid() << 32 ^ now_ns();
	for (int protocol = 0; protocol < PROTOCOLS; protocol++)
		if (intervals_us[protocol] && round_ms * 1000 / intervals_us[protocol] > most)
			most = round_ms * 1000 / intervals_us[protocol];
	through.samples = calloc(most + 1, sizeof(struct sample));
	direct.samples = calloc(most + 1, sizeof(struct sample));
	if (!through.samples || !direct.samples)
		die("calloc");
	for (int protocol = 0; protocol < PROTOCOLS; protocol++)
		if (intervals_us[protocol])
			measure_floor(protocol);
	settle();
	for (long round = 0; round < rounds; round++)
		for (int protocol = 0; protocol < PROTOCOLS; protocol++)
			if (intervals_us[protocol])
				measure_round(round, protocol, &through, &direct);
	printf("{\"kind\":\"end\"}\n");
	return 0;
}
