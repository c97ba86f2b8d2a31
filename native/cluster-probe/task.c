/* Reads the file that says what to measure; main.c describes it. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct task task = { .rounds = 10, .round_ms = 2000, .settle_ms = 60000, .port = 8080 };

struct targets *targets_for(const union address *service)
{
	return &task.targets[service->any.sa_family == AF_INET6];
}

static void add_service(struct service service)
{
	task.services = realloc(task.services, (task.service_count + 1) * sizeof(service));
	if (!task.services)
		die("realloc");
	task.services[task.service_count++] = service;
}

static void add_target(struct target target)
{
	struct targets *targets = targets_for(&target.at);

	targets->all = realloc(targets->all, (targets->count + 1) * sizeof(target));
	if (!targets->all)
		die("realloc");
	targets->all[targets->count++] = target;
}

static void set(const char *word, long value)
{
	const struct {
		const char *word;
		long *value;
	} numbers[] = {
		{ "rounds", &task.rounds }, { "round-ms", &task.round_ms }, { "warm-up-ms", &task.warm_up_ms },
		{ "settle-ms", &task.settle_ms }, { "budget-ms", &task.budget_ms }, { "port", &task.port },
		{ "tcp-interval-us", &task.intervals_us[TCP] }, { "udp-interval-us", &task.intervals_us[UDP] },
	};

	if (!strcmp(word, "seed")) {
		task.seed = value;
		return;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (!strcmp(word, numbers[i].word)) {
			*numbers[i].value = value;
			return;
		}
	}
	errno = EINVAL;
	die(word);
}

void read_task(const char *path)
{
	/* A node's name has 253 letters at most. */
	char line[512], word[64], where[64], node[256];
	const char *own_node = getenv("NODE");
	FILE *file = fopen(path, "r");
	long value, first, count;

	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file)) {
		errno = EINVAL;
		if (sscanf(line, "service %63s %ld %ld %ld", where, &value, &first, &count) == 4)
			add_service((struct service){ address(where, value), first, count });
		else if (sscanf(line, "target %63s %255s", where, node) == 2)
			add_target((struct target){ address(where, task.port), own_node && !strcmp(node, own_node) });
		else if (sscanf(line, "%63s %ld", word, &value) == 2)
			set(word, value);
		else
			die("task");
	}
	fclose(file);
	errno = EINVAL;
	if (!task.service_count || task.intervals_us[TCP] + task.intervals_us[UDP] < 1 || task.round_ms < 1)
		die("task");
	for (int i = 0; i < task.service_count; i++)
		if (!targets_for(&task.services[i].at)->count)
			die("service without targets");
}
