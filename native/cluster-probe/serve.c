/* The server: answers 'w' with the address that it was reached at, any other byte with itself. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

int listen_on(const union address *at, int backlog)
{
	int on = 1, fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &at->any, length_of(at)) || listen(fd, backlog))
		die("listen");
	return fd;
}

int bind_datagrams(const union address *at)
{
	int on = 1, fd = socket(at->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		die("datagrams");
	if (at->any.sa_family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		if (setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)))
			die("datagrams");
	} else if (setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on))) {
		die("datagrams");
	}
	if (bind(fd, &at->any, length_of(at)))
		die("datagrams");
	return fd;
}

/* The address that a datagram was sent to, from where the answer to the same message then leaves, by whichever route. */
static struct in6_addr reached_at(struct msghdr *message)
{
	union address self = { 0 };

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(header);

			self.any.sa_family = AF_INET;
			self.v4.sin_addr = info->ipi_addr;
			info->ipi_spec_dst = info->ipi_addr;
			info->ipi_ifindex = 0;
		} else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(header);

			self.any.sa_family = AF_INET6;
			self.v6.sin6_addr = info->ipi6_addr;
			info->ipi6_ifindex = 0;
		}
	}
	return identity_of(&self);
}

/* A datagram's answer is the same as a connection's. */
static void answer_datagrams(int fd)
{
	char request, control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	union address from;
	struct iovec part = { &request, 1 };
	struct msghdr message = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};

	while (recvmsg(fd, &message, 0) == 1) {
		struct in6_addr self = reached_at(&message);

		if (request == 'w')
			part = (struct iovec){ &self, sizeof(self) };
		sendmsg(fd, &message, MSG_NOSIGNAL);
		part = (struct iovec){ &request, 1 };
		message.msg_namelen = sizeof(from);
		message.msg_controllen = sizeof(control);
	}
}

static void answer(int fd)
{
	union address at;
	socklen_t length = sizeof(at);
	struct in6_addr self;
	char request;

	if (recv(fd, &request, 1, 0) != 1) {
		close(fd);
	} else if (request != 'w') {
		send(fd, &request, 1, MSG_NOSIGNAL);
	} else if (!getsockname(fd, &at.any, &length)) {
		self = identity_of(&at);
		send(fd, &self, sizeof(self), MSG_NOSIGNAL);
	}
}

static void accept_one(int queue, int listener)
{
	struct epoll_event event = { .events = EPOLLIN };
	int on = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	event.data.fd = fd;
	if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event))
		close(fd);
}

/* Which of the first sockets it is: -1 is a connection. */
static int place_of(int fd, const int *sockets, int count)
{
	for (int i = 0; i < count; i++)
		if (sockets[i] == fd)
			return i;
	return -1;
}

void serve(const int *sockets, int count)
{
	struct epoll_event events[64];
	int queue = epoll_create1(EPOLL_CLOEXEC);

	if (queue < 0)
		die("epoll");
	for (int i = 0; i < count; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.fd = sockets[i] };

		if (epoll_ctl(queue, EPOLL_CTL_ADD, sockets[i], &event))
			die("epoll");
	}
	for (;;) {
		int ready = epoll_wait(queue, events, 64, -1);

		for (int i = 0; i < ready; i++) {
			int fd = events[i].data.fd, place = place_of(fd, sockets, count);

			if (place < 0)
				answer(fd);
			else if (place % 2 == 0)
				accept_one(queue, fd);
			else
				answer_datagrams(fd);
		}
	}
}

/* Whether the kernel has a family: IPv6 may be left out. */
static int has_family(sa_family_t family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void serve_port(long port)
{
	static const struct {
		sa_family_t family;
		const char *every;
	} FAMILIES[] = { { AF_INET, "0.0.0.0" }, { AF_INET6, "::" } };
	int sockets[4], count = 0;

	for (int i = 0; i < 2; i++) {
		union address at = address(FAMILIES[i].every, port);

		if (!has_family(FAMILIES[i].family))
			continue;
		sockets[count++] = listen_on(&at, 4096);
		sockets[count++] = bind_datagrams(&at);
	}
	if (!count)
		die("socket");
	serve(sockets, count);
}
