/*
 * Keeps what the programs of this network namespace ask the kernel for by netlink:
 *
 *   netlink DEVICE FAMILY
 *
 * DEVICE is of the type nlmon and up: each message of the namespace passes it. Kept are requests to the generic netlink family
 * of the number FAMILY, and those that add or delete an address. Prints an empty line once it listens. Then, for a line of its
 * standard input, prints the requests since the last, a line each of the protocol's number and the message in hexadecimal
 * digits, and an empty line. Ends with its input, and fails where the kernel had no room for a message.
 */
#define _GNU_SOURCE
#include "process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/* A first sync of thousands of Services asks faster than this program is scheduled. */
#define ROOM (128 << 20)

static char message[1 << 16] __attribute__((aligned(NLMSG_ALIGNTO)));

/* Requests of two protocols: answers, which are most of the bytes, never leave the kernel. */
static void filter(int fd)
{
	/* The flag's byte: the kernel's words are those of this machine, and user-mode Linux is of x86 alone. */
	const unsigned flags = offsetof(struct nlmsghdr, nlmsg_flags);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_GENERIC, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_ROUTE, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NLM_F_REQUEST, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, sizeof(message)),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(*code), .filter = code };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		die("SO_ATTACH_FILTER");
}

static int listen_to(const char *device)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int room = ROOM;
	/* Of no protocol until it is bound: it would get other devices' packets. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		die("socket");
	address.sll_ifindex = if_nametoindex(device);
	if (!address.sll_ifindex)
		die(device);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		die("SO_RCVBUFFORCE");
	filter(fd);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("bind");
	return fd;
}

static int is_kept(unsigned protocol, const struct nlmsghdr *header, unsigned family)
{
	if (protocol == NETLINK_GENERIC)
		return header->nlmsg_type == family;
	return header->nlmsg_type == RTM_NEWADDR || header->nlmsg_type == RTM_DELADDR;
}

/* Prints to `kept` what has come. */
static void receive(int fd, unsigned family, FILE *kept)
{
	for (;;) {
		struct sockaddr_ll from;
		socklen_t size = sizeof(from);
		ssize_t length = recvfrom(fd, message, sizeof(message), 0, (struct sockaddr *)&from, &size);

		if (length < 0) {
			if (errno == EINTR)
				continue;
			if (errno == EAGAIN)
				return;
			die("recvfrom");
		}
		unsigned protocol = ntohs(from.sll_protocol);
		struct nlmsghdr *header = (struct nlmsghdr *)message;

		for (; NLMSG_OK(header, length); header = NLMSG_NEXT(header, length)) {
			if (!is_kept(protocol, header, family))
				continue;
			fprintf(kept, "%u ", protocol);
			for (unsigned i = 0; i < header->nlmsg_len; i++)
				fprintf(kept, "%02x", ((unsigned char *)header)[i]);
			putc('\n', kept);
		}
	}
}

static void expect_no_loss(int fd)
{
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size))
		die("PACKET_STATISTICS");
	if (stats.tp_drops) {
		fprintf(stderr, "netlink: no room for %u messages\n", stats.tp_drops);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	unsigned family = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
	char *text = NULL;
	size_t length = 0;

	if (family == 0) {
		fprintf(stderr, "netlink: give a device and the number of a family\n");
		return 2;
	}
	int fd = listen_to(argv[1]);
	FILE *kept = open_memstream(&text, &length);
	struct pollfd polled[] = { { .fd = 0, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	if (!kept)
		die("open_memstream");
	puts("");
	fflush(stdout);
	for (;;) {
		char line[64];

		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			die("poll");
		receive(fd, family, kept);
		if (!polled[0].revents)
			continue;
		/* One who asks waits for the answer: no two lines are read at once. */
		if (read(0, line, sizeof(line)) <= 0)
			return 0;
		expect_no_loss(fd);
		if (fclose(kept))
			die("fclose");
		fwrite(text, 1, length, stdout);
		puts("");
		if (fflush(stdout))
			die("stdout");
		free(text);
		kept = open_memstream(&text, &length);
		if (!kept)
			die("open_memstream");
	}
}
