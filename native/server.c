/*
 * Every endpoint at once: listens on the given ports of all addresses of its namespace (AnyIP), TCP and UDP.
 * With --ipv6 these are addresses of IPv6, and answers name them by the numbers that stand for them.
 * The byte 'w' is answered with a `struct arrival`, any other with itself. One thread, epoll.
 */
#define _GNU_SOURCE
#include "address.h"
#include "process.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum kind { LISTENER = 1, CONNECTION, DATAGRAM };
#define MAX_PORTS 64

static int queue;

static void watch(int fd, enum kind kind)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)kind << 32 | (uint32_t)fd };

	if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event))
		close(fd);
}

static int listen_on(int type, int port)
{
	struct sockaddr_storage any;
	socklen_t length = socket_address(&any, 0, port);
	int on = 1, buffer = 1 << 22;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Another server may have the same port in IPv4. */
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
		die("IPV6_V6ONLY");
	/* Endpoints are local to what arrives, and routed where answers leave: an answer's source is not local. */
	if (make_transparent(fd))
		die("IP_TRANSPARENT");
	if (bind(fd, (struct sockaddr *)&any, length))
		die("bind");
	if (type == SOCK_DGRAM) {
		/* The reached address must be the answer's source, or connected sockets never see it. */
		if (family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
		else
			setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	} else if (listen(fd, 4096)) {
		die("listen");
	}
	return fd;
}

static void accept_all(int listener)
{
	int fd, on = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		watch(fd, CONNECTION);
	}
}

static void answer(int fd)
{
	struct sockaddr_storage self, peer;
	socklen_t length = sizeof(self);
	char request;

	ssize_t got = recv(fd, &request, 1, 0);

	if (got < 0 && errno == EAGAIN)
		return;
	/* At its end, too: epoll would report that for ever. */
	if (got != 1) {
		close(fd);
		return;
	}
	if (request != 'w') {
		send(fd, &request, 1, MSG_NOSIGNAL);
		return;
	}
	getsockname(fd, (struct sockaddr *)&self, &length);
	length = sizeof(peer);
	if (getpeername(fd, (struct sockaddr *)&peer, &length))
		return;
	struct arrival arrival = {
		.address = number_at(&self),
		.peer = number_at(&peer),
		.port = port_at(&self),
		.peer_port = port_at(&peer),
	};
	send(fd, &arrival, sizeof(arrival), MSG_NOSIGNAL);
}

/* The address that a datagram was sent to, which its answer is then to come from, by any way. */
static uint32_t answer_from(struct cmsghdr *header)
{
	if (family == AF_INET6) {
		struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(header);

		info->ipi6_ifindex = 0;
		return number_of(&info->ipi6_addr);
	}
	struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(header);
	struct in_addr reached = info->ipi_addr;

	*info = (struct in_pktinfo){ .ipi_spec_dst = reached };
	return ntohl(reached.s_addr);
}

static void answer_datagrams(int fd)
{
	for (;;) {
		char request;
		char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		struct sockaddr_storage peer, self;
		socklen_t length = sizeof(self);
		struct iovec iov = { .iov_base = &request, .iov_len = 1 };
		struct msghdr message = {
			.msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = sizeof(control),
		};
		if (recvmsg(fd, &message, 0) < 0) {
			/* ICMP errors about earlier answers are reported here: not ours to care about. */
			if (errno == EAGAIN)
				return;
			continue;
		}
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		if (!header || header->cmsg_type != (family == AF_INET6 ? IPV6_PKTINFO : IP_PKTINFO))
			continue;
		uint32_t reached = answer_from(header);

		getsockname(fd, (struct sockaddr *)&self, &length);
		struct arrival arrival = {
			.address = reached,
			.peer = number_at(&peer),
			.port = port_at(&self),
			.peer_port = port_at(&peer),
		};
		if (request == 'w')
			iov = (struct iovec){ .iov_base = &arrival, .iov_len = sizeof(arrival) };
		sendmsg(fd, &message, MSG_NOSIGNAL);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[64];

	int first = argc > 2 && !strcmp(argv[1], "--ipv6") ? 3 : 1;

	if (argc <= first || argc > MAX_PORTS + first || (first == 3 && read_regions(argv[2]))) {
		fprintf(stderr, "usage: server [--ipv6 FIRST/BITS=ADDRESS,...] PORT...\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	queue = epoll_create1(EPOLL_CLOEXEC);
	for (int i = first; i < argc; i++) {
		watch(listen_on(SOCK_STREAM, atoi(argv[i])), LISTENER);
		watch(listen_on(SOCK_DGRAM, atoi(argv[i])), DATAGRAM);
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		int ready = epoll_wait(queue, events, 64, -1);

		for (int i = 0; i < ready; i++) {
			int fd = (int)(uint32_t)events[i].data.u64;

			switch ((enum kind)(events[i].data.u64 >> 32)) {
			case LISTENER: accept_all(fd); break;
			case CONNECTION: answer(fd); break;
			case DATAGRAM: answer_datagrams(fd); break;
			}
		}
	}
}
