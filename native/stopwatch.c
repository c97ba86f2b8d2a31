/*
 * Runs a program with a file as its standard input and prints, after whatever that prints, how long it took from before it
 * was started to its end, in nanoseconds. A process timed from Node.js would be charged for an event loop.
 *
 *   stopwatch [-c] INPUT PROGRAM [ARGUMENT...]     fails as the program does, and prints no time then
 *
 * With -c the processor time in the program and in the kernel comes first, a line each.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static unsigned long long ns_of(struct timeval time)
{
	return (unsigned long long)time.tv_sec * 1000000000 + time.tv_usec * 1000;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int processor;
	uint64_t started, ended;
	pid_t child;
	int status;

	processor = argc > 1 && !strcmp(argv[1], "-c");
	argc -= processor;
	argv += processor;
	if (argc < 3) {
		fprintf(stderr, "usage: stopwatch [-c] INPUT PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	int input = open(argv[1], O_RDONLY | O_CLOEXEC);

	if (input < 0) {
		fprintf(stderr, "stopwatch: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	started = now_ns();
	child = vfork();
	if (child == 0) {
		/* Whoever runs out of patience kills this process: the program must not go on, on the core where others are timed. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(input, 0);
		execv(argv[2], argv + 2);
		fprintf(stderr, "stopwatch: %s: %s\n", argv[2], strerror(errno));
		_exit(127);
	}
	if (child < 0) {
		perror("stopwatch");
		return 1;
	}
	while (waitpid(child, &status, 0) != child)
		if (errno != EINTR)
			return 1;
	ended = now_ns();
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 1;
	if (processor && !getrusage(RUSAGE_CHILDREN, &usage))
		printf("%llu\n%llu\n", ns_of(usage.ru_utime), ns_of(usage.ru_stime));
	printf("%llu\n", (unsigned long long)(ended - started));
	return 0;
}
