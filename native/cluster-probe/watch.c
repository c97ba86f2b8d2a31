/* Waits for changes: connects all the time to what standard input names, and says what answered when. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* Connections to a frontend under way: one without an answer is given up after as many intervals of a millisecond. */
#define ATTEMPTS 128
/* Protocols times families. */
#define FRONTENDS 4
/* After the first answer of a new endpoint, the old one is listened for this long. */
#define AFTERMATH_NS 200000000ull

struct frontend;

/* A connection that is on its way. */
struct attempt {
	struct frontend *frontend;
	int fd;
	uint64_t started;
};

struct frontend {
	enum protocol protocol;
	union address to;
	/* Any endpoint will do where none is wanted. */
	int is_choosy;
	struct in6_addr wanted;
	uint64_t next, first, last_other;
	long begun;
	struct attempt attempts[ATTEMPTS];
};

static void give_up(struct attempt *attempt)
{
	close(attempt->fd);
	attempt->fd = -1;
}

/* A datagram leaves at once; a connection's question when it is open. */
static void begin(struct attempt *attempt, int queue)
{
	struct frontend *frontend = attempt->frontend;
	int is_tcp = frontend->protocol == TCP;
	struct linger reset = { .l_onoff = 1 };
	struct epoll_event event = { .events = is_tcp ? EPOLLOUT : EPOLLIN, .data.ptr = attempt };
	int type = (is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;

	attempt->fd = socket(frontend->to.any.sa_family, type, 0);
	if (attempt->fd < 0)
		die("socket");
	if (is_tcp)
		setsockopt(attempt->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	bind_oldest_port(attempt->fd, frontend->to.any.sa_family);
	attempt->started = now_ns();
	if ((connect(attempt->fd, &frontend->to.any, length_of(&frontend->to)) && errno != EINPROGRESS) ||
	    (!is_tcp && send(attempt->fd, "w", 1, MSG_NOSIGNAL) != 1) ||
	    epoll_ctl(queue, EPOLL_CTL_ADD, attempt->fd, &event))
		give_up(attempt);
}

/* One step further; whether an answer is there, which says who answered. */
static int advance(struct attempt *attempt, int queue, uint32_t events, struct in6_addr *who)
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

/* A connection's time is when its first packet left, because that is what the plane decides about. */
static void note(const struct attempt *attempt, uint64_t started, const struct in6_addr *who)
{
	struct frontend *frontend = attempt->frontend;

	if (frontend->is_choosy && !is_same(who, &frontend->wanted)) {
		if (started > frontend->last_other)
			frontend->last_other = started;
	} else if (!frontend->first || started < frontend->first) {
		frontend->first = started;
	}
}

static int is_seen(const struct frontend *frontend, uint64_t now)
{
	uint64_t last = frontend->first > frontend->last_other ? frontend->first : frontend->last_other;

	return frontend->first && now > last + AFTERMATH_NS;
}

/*
 * Connects to each frontend until it has been seen to change, each connection on its own: an address without a Service may
 * swallow the packet. Ends at the next command: whoever asked this one has lost its stream, and waits for another answer.
 */
static void observe(struct frontend *frontends, int count, uint64_t interval_ns, uint64_t until)
{
	struct epoll_event events[ATTEMPTS];
	int queue = epoll_create1(EPOLL_CLOEXEC);

	if (queue < 0)
		die("epoll");
	for (;;) {
		struct pollfd waiting[] = { { .fd = queue, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };
		uint64_t now = now_ns(), next = UINT64_MAX;
		struct timespec pause;
		int ready, is_over = 1;

		for (int i = 0; i < count; i++) {
			struct frontend *frontend = &frontends[i];

			/* What has answered once is listened to to the end of its aftermath. */
			if (is_seen(frontend, now) || (!frontend->first && now > until))
				continue;
			is_over = 0;
			if (now >= frontend->next) {
				struct attempt *attempt = &frontend->attempts[frontend->begun++ % ATTEMPTS];

				if (attempt->fd >= 0)
					give_up(attempt);
				begin(attempt, queue);
				frontend->next += interval_ns;
			}
			if (frontend->next < next)
				next = frontend->next;
		}
		if (is_over)
			break;
		now = now_ns();
		next = next > now ? next - now : 0;
		pause = (struct timespec){ next / 1000000000, next % 1000000000 };
		ppoll(waiting, 2, &pause, NULL);
		if (waiting[1].revents)
			break;
		ready = epoll_wait(queue, events, ATTEMPTS, 0);
		for (int e = 0; e < ready; e++) {
			struct attempt *attempt = events[e].data.ptr;
			uint64_t started = attempt->started;
			struct in6_addr who;

			if (attempt->fd >= 0 && advance(attempt, queue, events[e].events, &who))
				note(attempt, started, &who);
		}
	}
	for (int i = 0; i < count; i++)
		for (int a = 0; a < ATTEMPTS; a++)
			if (frontends[i].attempts[a].fd >= 0)
				give_up(&frontends[i].attempts[a]);
	close(queue);
}

/* `tcp|udp ADDRESS PORT WANTED` where WANTED may be `any`. */
static void read_frontend(struct frontend *frontend)
{
	char line[256], protocol[8], where[64], wanted[64];
	union address chosen;
	long port;

	errno = EINVAL;
	if (!fgets(line, sizeof(line), stdin) ||
	    sscanf(line, "%7s %63s %ld %63s", protocol, where, &port, wanted) != 4)
		die("frontend");
	memset(frontend, 0, sizeof(*frontend));
	frontend->protocol = strcmp(protocol, PROTOCOL_NAMES[UDP]) ? TCP : UDP;
	frontend->to = address(where, port);
	frontend->is_choosy = strcmp(wanted, "any") != 0;
	if (frontend->is_choosy) {
		chosen = address(wanted, 0);
		frontend->wanted = identity_of(&chosen);
	}
	for (int a = 0; a < ATTEMPTS; a++)
		frontend->attempts[a] = (struct attempt){ .frontend = frontend, .fd = -1 };
}

static void watch(long id, uint64_t interval_ns, long seconds, int count)
{
	static struct frontend frontends[FRONTENDS];
	uint64_t now;

	for (int i = 0; i < count; i++)
		read_frontend(&frontends[i]);
	printf("{\"kind\":\"watching\",\"id\":%ld}\n", id);
	fflush(stdout);
	now = now_ns();
	/* They take turns within an interval. */
	for (int i = 0; i < count; i++)
		frontends[i].next = now + interval_ns * i / count;
	observe(frontends, count, interval_ns, now + seconds * 1000000000ull);
	printf("{\"kind\":\"seen\",\"id\":%ld,\"frontends\":[", id);
	for (int i = 0; i < count; i++)
		printf("%s{\"firstNs\":%llu,\"lastOtherNs\":%llu}", i ? "," : "", (unsigned long long)frontends[i].first,
		       (unsigned long long)frontends[i].last_other);
	printf("]}\n");
	fflush(stdout);
}

void follow(void)
{
	char line[256];
	long id, interval_us, seconds, count;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "clock %ld", &id) == 1) {
			printf("{\"kind\":\"clock\",\"id\":%ld,\"ns\":%llu}\n", id, (unsigned long long)now_ns());
			fflush(stdout);
		} else if (sscanf(line, "watch %ld %ld %ld %ld", &id, &interval_us, &seconds, &count) == 4 && count > 0 &&
			   count <= FRONTENDS) {
			watch(id, interval_us * 1000, seconds, count);
		}
	}
}
