/* What the probe reads and writes, and what the server answers. Little-endian hosts; addresses in host byte order. */
#ifndef LBSCALE_WIRE_H
#define LBSCALE_WIRE_H

#include <stdint.h>

/* One connection to make. */
struct target {
	uint32_t source; /* 0: whatever the route gives */
	uint32_t destination;
	uint16_t source_port; /* 0: any */
	uint16_t destination_port;
	uint32_t protocol;
};

/* What the server says about a connection: which address was reached, and who came. */
struct arrival {
	uint32_t address;
	uint32_t peer;
	uint16_t port;
	uint16_t peer_port;
};

enum outcome {
	REACHED = 0,
	REFUSED = 1,     /* a TCP reset: no rule answered, and nobody listens */
	UNREACHABLE = 2, /* an ICMP error, from `offender` */
	NO_HOST = 3,     /* EHOSTUNREACH or EPERM before any packet: refused by a program at the socket */
	SILENT = 4,      /* nothing came back in time */
	FAILED = 5,      /* the probe itself failed: `offender` holds errno */
	FOREIGN = 6,     /* an answer came from `offender`, who was not asked */
};

/* What became of a connection. */
struct result {
	uint32_t connect_ns;
	uint32_t exchange_ns; /* a request and its answer over the connection; 0 where there was none */
	uint32_t outcome;
	uint32_t offender;
	struct arrival arrival;
};

#endif
