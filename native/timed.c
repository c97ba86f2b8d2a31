/*
 * Stands in kube-proxy's PATH for a tool and says how long each call took: BIN/NAME runs BIN/../tools/NAME with the same
 * arguments and input, and adds a line to BIN/../tool-times:
 *
 *   start end user system memory status NAME ARGUMENT…
 *
 * Times since 1970 in nanoseconds, processor times in microseconds, memory at its peak in KiB.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static uint64_t us(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000 + time.tv_usec;
}

int main(int argc, char **argv)
{
	char folder[4096], tool[4200], log[4200], line[8192];
	/* By which path it was started: kube-proxy names some tools without one. */
	const char *self = (const char *)getauxval(AT_EXECFN);
	const char *slash = self ? strrchr(self, '/') : NULL;
	struct rusage usage;
	int status;

	if (!slash || slash - self >= (long)sizeof(folder)) {
		fprintf(stderr, "timed: call it by its path\n");
		return 2;
	}
	const char *name = slash + 1;

	memcpy(folder, self, slash - self);
	folder[slash - self] = 0;
	snprintf(tool, sizeof(tool), "%s/../tools/%s", folder, name);
	snprintf(log, sizeof(log), "%s/../tool-times", folder);
	uint64_t started = now_ns();
	pid_t child = vfork();

	if (child == 0) {
		/* kube-proxy ends a tool that takes too long by killing this process. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		argv[0] = tool;
		execv(tool, argv);
		_exit(127);
	}
	if (child < 0) {
		perror("timed");
		return 126;
	}
	while (wait4(child, &status, 0, &usage) < 0)
		if (errno != EINTR) {
			perror("timed");
			return 126;
		}
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	int length = snprintf(line, sizeof(line), "%llu %llu %llu %llu %ld %d %s", (unsigned long long)started,
			      (unsigned long long)now_ns(), (unsigned long long)us(usage.ru_utime),
			      (unsigned long long)us(usage.ru_stime), usage.ru_maxrss, code, name);

	/* Arguments tell what a call is for; a long list of them is cut. */
	for (int i = 1; i < argc && length < (int)sizeof(line) - 300; i++)
		length += snprintf(line + length, 256, " %.200s", argv[i]);
	line[length++] = '\n';
	int file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (file >= 0) {
		if (write(file, line, length) != length)
			perror("timed");
		close(file);
	}
	return code;
}
