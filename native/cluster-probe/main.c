/*
 * Both ends of a connection through a cluster's data plane, in a pod without rights:
 *
 *   cluster-probe serve PORT     answers 'w' with the address that it was reached at, any other byte with itself; TCP and UDP
 *   cluster-probe probe FILE     measures what FILE asks for, and writes JSON lines (src/cluster-lane/probe-reports.ts)
 *   cluster-probe watch          waits for changes that standard input names (src/cluster-lane/changes/watcher.ts)
 *
 * FILE has a word and its values on each line: `rounds`, `round-ms`, `warm-up-ms`, `tcp-interval-us`, `udp-interval-us` (0:
 * that protocol is not measured), `seed`, `settle-ms`, `budget-ms`, `port` of the targets, then `target ADDRESS NODE` and
 * `service ADDRESS PORT FIRST COUNT`, of IPv4, IPv6 or both: of the targets of a Service's family FIRST, FIRST + 1, … COUNT
 * of them, counted around, may answer for it. The environment's NODE is where this probe is: what was answered on the same
 * node is told from what went to another.
 *
 * Standard input of `watch` has a line `clock ID`, or `watch ID INTERVAL_US SECONDS COUNT` and COUNT lines `tcp|udp ADDRESS
 * PORT WANTED`, where WANTED is the endpoint that is to answer, or `any`.
 */
#include "probe.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A signal without a handler does not end the first process of a container (pid_namespaces(7)): the namespace would be deleted
 * only after the pod's 30 s of grace.
 */
static void end(int number)
{
	_exit(128 + number);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, end);
	if (argc == 2 && !strcmp(argv[1], "watch"))
		follow();
	else if (argc == 3 && !strcmp(argv[1], "serve"))
		serve_port(atol(argv[2]));
	else if (argc == 3 && !strcmp(argv[1], "probe"))
		probe(argv[2]);
	else {
		fprintf(stderr, "usage: cluster-probe serve PORT | cluster-probe probe FILE | cluster-probe watch\n");
		return 2;
	}
	return 0;
}
