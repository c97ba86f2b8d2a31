/* One connection, or a request and its answer by datagrams, and what became of it. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/time.h>
#include <unistd.h>

const char *const OUTCOME_NAMES[] = { "reached", "wrong", "refused", "timedOut", "unreachable", "other" };

static enum outcome outcome_of(int error)
{
	if (error == ECONNREFUSED || error == ECONNRESET)
		return REFUSED;
	if (error == EINPROGRESS || error == EAGAIN || error == ETIMEDOUT)
		return TIMED_OUT;
	return error == EHOSTUNREACH || error == ENETUNREACH || error == EPERM ? UNREACHABLE : OTHER;
}

static enum outcome try_connection(const union address *to, long timeout_ms, struct sample *sample, struct in6_addr *who)
{
	struct linger reset = { .l_onoff = 1 };
	struct timeval timeout = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
	enum outcome outcome = REACHED;
	uint64_t started, ended;
	char echo = 'e';
	int on = 1, fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	/* A reset leaves no TIME_WAIT behind: every connection finds a port that is free. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	started = now_ns();
	if (connect(fd, &to->any, length_of(to))) {
		outcome = outcome_of(errno);
	} else {
		sample->connect_ns = now_ns() - started;
		if (send(fd, "w", 1, MSG_NOSIGNAL) != 1 || recv(fd, who, sizeof(*who), MSG_WAITALL) != sizeof(*who)) {
			outcome = outcome_of(errno);
		} else {
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
static enum outcome try_datagrams(const union address *to, long timeout_ms, struct sample *sample, struct in6_addr *who)
{
	struct timeval timeout = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
	enum outcome outcome;
	char echo;
	int fd = socket(to->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	bind_oldest_port(fd, to->any.sa_family);
	if (connect(fd, &to->any, length_of(to)))
		outcome = outcome_of(errno);
	else if ((outcome = ask(fd, 'w', who, sizeof(*who), &sample->connect_ns)) == REACHED)
		outcome = ask(fd, 'e', &echo, 1, &sample->exchange_ns);
	close(fd);
	return outcome;
}

enum outcome try_to(enum protocol protocol, const union address *to, long timeout_ms, struct sample *sample,
		    struct in6_addr *who)
{
	sample->is_ipv6 = to->any.sa_family == AF_INET6;
	return (protocol == TCP ? try_connection : try_datagrams)(to, timeout_ms, sample, who);
}
