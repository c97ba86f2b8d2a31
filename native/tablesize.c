/*
 * Prints "table bytes entries" of this network namespace's legacy iptables tables, as the kernel answers IPT_SO_GET_INFO
 * (include/uapi/linux/netfilter_ipv4/ip_tables.h): the blob, without the counters that each CPU keeps for each entry.
 *
 * With -6, of the legacy ip6tables tables, whose IP6T_SO_GET_INFO has the same number and answer.
 *
 *   tablesize [-6] TABLE...
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter_ipv4/ip_tables.h>

int main(int argc, char **argv)
{
	int six = argc > 1 && !strcmp(argv[1], "-6");
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW);

	for (int i = 1 + six; i < argc; i++) {
		struct ipt_getinfo info = { 0 };
		socklen_t length = sizeof(info);

		strncpy(info.name, argv[i], sizeof(info.name) - 1);
		if (getsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, IPT_SO_GET_INFO, &info, &length)) {
			fprintf(stderr, "tablesize: %s: %s\n", argv[i], strerror(errno));
			return 1;
		}
		printf("%s %u %u\n", argv[i], info.size, info.num_entries);
	}
	return 0;
}
