/*
 * Connects again and again, and prints what each connection reached:
 *
 *   watch INTERVAL_US [answered] [--ipv6 REGIONS] [CGROUP] < targets
 *
 * Without `answered`, to the first target until it is killed. With it, to each target until it leads elsewhere than to the
 * address itself, then to the next; and ends after the last. A line for a connection: the target's number, when connect()
 * began and when it had returned (nanoseconds since 1970), and the reached address as a number; 0 where none was.
 * With the folder of a cgroup (its path begins with a slash) it connects as a member of that.
 */
#define _GNU_SOURCE
#include "address.h"
#include "process.h"
#include "wire.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* The address that a connection reaches; 0 where none. */
static uint32_t reach(const struct target *target, uint64_t *started, uint64_t *connected)
{
	struct sockaddr_storage source, destination;
	socklen_t length = socket_address(&source, target->source, 0);
	struct linger reset = { .l_onoff = 1 };
	/* A packet that is lost while rules change is not waited for. */
	struct timeval timeout = { .tv_usec = 200000 };
	struct arrival arrival = { 0 };
	int on = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	/* In IPv6 a route to the loopback makes no address that one may bind to. */
	if (make_transparent(fd))
		die("IP_TRANSPARENT");
	if (target->source && bind(fd, (struct sockaddr *)&source, length))
		die("bind");
	socket_address(&destination, target->destination, target->destination_port);
	*started = now_ns();
	int failed = connect(fd, (struct sockaddr *)&destination, length);

	*connected = now_ns();
	if (!failed)
		failed = send(fd, "w", 1, MSG_NOSIGNAL) != 1 || recv(fd, &arrival, sizeof(arrival), 0) != sizeof(arrival);
	close(fd);
	return failed ? 0 : arrival.address;
}

int main(int argc, char **argv)
{
	struct target target;
	long interval_us = argc > 1 ? atol(argv[1]) : 0;
	int until_answered = 0;

	if (interval_us <= 0) {
		fprintf(stderr, "watch: give an interval in microseconds\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (argv[i][0] == '/')
			join_cgroup(argv[i]);
		else if (!strcmp(argv[i], "answered"))
			until_answered = 1;
		else if (!strcmp(argv[i], "--ipv6") && (++i == argc || read_regions(argv[i]))) {
			fprintf(stderr, "watch: --ipv6 wants FIRST/BITS=ADDRESS with commas between\n");
			return 2;
		}
	}
	struct timespec pause = { .tv_sec = interval_us / 1000000, .tv_nsec = interval_us % 1000000 * 1000 };

	for (unsigned number = 0; fread(&target, sizeof(target), 1, stdin) == 1; number++) {
		for (;;) {
			uint64_t started, connected;
			uint32_t address = reach(&target, &started, &connected);

			printf("%u %llu %llu %u\n", number, (unsigned long long)started,
			       (unsigned long long)connected, address);
			fflush(stdout);
			if (until_answered && address && address != target.destination)
				break;
			nanosleep(&pause, NULL);
		}
	}
	return 0;
}
