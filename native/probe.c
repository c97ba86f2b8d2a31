/*
 * Connects to each target on standard input, one after another, and writes a `struct result` for each. Only connect()
 * itself is timed; afterwards the server is asked which endpoint was reached and who came, and one request and its
 * answer over the same connection are timed as well. For UDP the first request and answer stand for connect().
 *
 *   probe [--cpu N] [--cgroup FOLDER] [--timeout-ms N] [--udp connected|unconnected] [--ipv6 REGIONS] < targets > results
 *
 * An unconnected socket names the destination with each datagram, and its answers must come from there.
 */
#define _GNU_SOURCE
#include "address.h"
#include "process.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long timeout_ms = 300;
static int unconnected;

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int open_socket(const struct target *target)
{
	struct sockaddr_storage source;
	socklen_t length = socket_address(&source, target->source, target->source_port);
	struct linger reset = { .l_onoff = 1 };
	struct timeval timeout = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
	int on = 1;
	int fd = socket(family, (target->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* A port is chosen at connect(), when the whole tuple is known: 64,000 ports a destination, not in all. */
	if (!target->source_port)
		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	/* A reset leaves no TIME_WAIT behind. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	else
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	/* Endpoints connect as well, and their addresses are local to what arrives only. */
	if (make_transparent(fd))
		die("IP_TRANSPARENT");
	if ((target->source || target->source_port) && bind(fd, (struct sockaddr *)&source, length)) {
		/* The port is taken by the kernel's own choice for another connection: any other will do. */
		length = socket_address(&source, target->source, 0);
		if (bind(fd, (struct sockaddr *)&source, length)) {
			close(fd);
			return -1;
		}
	}
	return fd;
}

/* Who sent an ICMP error about this socket, in host byte order; 0 where there is none. */
static uint32_t offender_of(int fd)
{
	char control[512];
	char data[64];
	struct sockaddr_storage about;
	struct iovec iov = { .iov_base = data, .iov_len = sizeof(data) };
	struct msghdr message = {
		.msg_name = &about, .msg_namelen = sizeof(about), .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};

	if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return 0;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
		int is_error = header->cmsg_level == IPPROTO_IPV6 ? header->cmsg_type == IPV6_RECVERR
							 : header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR;

		if (!is_error)
			continue;
		struct sock_extended_err *error = (struct sock_extended_err *)CMSG_DATA(header);

		if (error->ee_origin == SO_EE_ORIGIN_ICMP || error->ee_origin == SO_EE_ORIGIN_ICMP6)
			return number_at((struct sockaddr_storage *)SO_EE_OFFENDER(error));
	}
	return 0;
}

static void fail(int fd, int error, struct result *result)
{
	result->offender = offender_of(fd);
	if (result->offender)
		result->outcome = UNREACHABLE;
	else if (error == ECONNREFUSED || error == ECONNRESET)
		result->outcome = REFUSED;
	else if (error == EHOSTUNREACH || error == EPERM)
		result->outcome = NO_HOST;
	else if (error == EINPROGRESS || error == EAGAIN || error == ETIMEDOUT)
		result->outcome = SILENT;
	else {
		result->outcome = FAILED;
		result->offender = error;
	}
}

/* Sends to `to`, or over a connection where it is NULL. Returns -1 with errno, or who answered if it was somebody else. */
static int64_t exchange(int fd, const struct sockaddr_storage *to, socklen_t to_length, char request, void *answer, size_t length)
{
	struct sockaddr_storage from = { 0 };
	socklen_t from_length = sizeof(from);

	if (sendto(fd, &request, 1, MSG_NOSIGNAL, (struct sockaddr *)to, to ? to_length : 0) != 1)
		return -1;
	ssize_t got = recvfrom(fd, answer, length, 0, (struct sockaddr *)&from, &from_length);

	if (got != (ssize_t)length) {
		if (got >= 0)
			errno = EPROTO;
		return -1;
	}
	if (to && (number_at(&from) != number_at(to) || port_at(&from) != port_at(to)))
		return number_at(&from);
	return 0;
}

static void probe(const struct target *target, struct result *result)
{
	struct sockaddr_storage destination;
	socklen_t length = socket_address(&destination, target->destination, target->destination_port);
	char echo;
	int fd = open_socket(target);

	memset(result, 0, sizeof(*result));
	if (fd < 0) {
		result->outcome = FAILED;
		result->offender = errno;
		return;
	}
	const struct sockaddr_storage *to = unconnected && target->protocol == IPPROTO_UDP ? &destination : NULL;
	uint64_t started = now_ns();
	int64_t failed = to ? 0 : connect(fd, (struct sockaddr *)&destination, length);
	uint64_t connected = now_ns();

	if (!failed)
		failed = exchange(fd, to, length, 'w', &result->arrival, sizeof(result->arrival));
	if (target->protocol == IPPROTO_UDP)
		connected = now_ns();
	result->connect_ns = connected - started;
	if (failed < 0) {
		fail(fd, errno, result);
	} else if (failed) {
		result->outcome = FOREIGN;
		result->offender = failed;
	} else {
		started = now_ns();
		if (!exchange(fd, to, length, 'e', &echo, 1))
			result->exchange_ns = now_ns() - started;
	}
	close(fd);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

static size_t read_all(void **into)
{
	size_t size = 0, room = 1 << 16;
	char *data = malloc(room);
	ssize_t got;

	while (data && (got = read(0, data + size, room - size)) != 0) {
		if (got < 0) {
			if (errno == EINTR)
				continue;
			die("read");
		}
		size += got;
		if (size == room)
			data = realloc(data, room *= 2);
	}
	if (!data)
		die("malloc");
	*into = data;
	return size;
}

int main(int argc, char **argv)
{
	struct target *targets;

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc) {
			fprintf(stderr, "probe: %s wants a value\n", argv[i]);
			return 2;
		}
		if (!strcmp(argv[i], "--cpu"))
			pin(atoi(argv[i + 1]));
		else if (!strcmp(argv[i], "--cgroup"))
			join_cgroup(argv[i + 1]);
		else if (!strcmp(argv[i], "--timeout-ms"))
			timeout_ms = atol(argv[i + 1]);
		else if (!strcmp(argv[i], "--udp"))
			unconnected = !strcmp(argv[i + 1], "unconnected");
		else if (!strcmp(argv[i], "--ipv6")) {
			if (read_regions(argv[i + 1])) {
				fprintf(stderr, "probe: --ipv6 wants FIRST/BITS=ADDRESS with commas between\n");
				return 2;
			}
		} else {
			fprintf(stderr, "probe: unknown option %s\n", argv[i]);
			return 2;
		}
	}
	size_t count = read_all((void **)&targets) / sizeof(*targets);
	struct result *results = calloc(count, sizeof(*results));

	if (count && !results)
		die("calloc");
	for (size_t i = 0; i < count; i++)
		probe(&targets[i], &results[i]);
	fwrite(results, sizeof(*results), count, stdout);
	return 0;
}
