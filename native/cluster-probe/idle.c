/*
 * What the node's CPUs do while they are idle, as the kernel counts it (Documentation/admin-guide/pm/cpuidle.rst). A packet that
 * wakes a CPU waits until it has left its idle state, which is a part of every time that is measured.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CONFIG_NR_CPUS is at most this. Numbers may have gaps. */
#define MOST_CPUS 8192
#define MOST_STATES 16
#define NAME_BYTES 32

/* The states of all CPUs, by name. None where the kernel has no states to choose from, or where the pod can't see them. */
static struct {
	char name[NAME_BYTES];
	long exit_us;
	int64_t spent_us;
} states[MOST_STATES];
static int state_count;

/* Reads a line about one state of one CPU; 0: there is none. */
static int read_line(int cpu, int state, const char *file, char *line, int size)
{
	char path[128];
	FILE *in;
	int is_read;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpuidle/state%d/%s", cpu, state, file);
	in = fopen(path, "re");
	if (!in)
		return 0;
	is_read = fgets(line, size, in) != NULL;
	fclose(in);
	line[strcspn(line, "\n")] = '\0';
	return is_read;
}

static int64_t read_number(int cpu, int state, const char *file)
{
	char line[32] = "";

	return read_line(cpu, state, file, line, sizeof(line)) ? strtoll(line, NULL, 10) : 0;
}

/* A name goes into JSON as it is. */
static int is_plain(const char *name)
{
	for (const char *at = name; *at; at++)
		if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\')
			return 0;
	return *name != '\0';
}

/* Which state this is, perhaps a new one. -1: it has no name, or there are too many. */
static int index_of(const char *name)
{
	for (int i = 0; i < state_count; i++)
		if (!strcmp(states[i].name, name))
			return i;
	if (!is_plain(name) || state_count == MOST_STATES)
		return -1;
	strcpy(states[state_count].name, name);
	return state_count++;
}

static void add_times(int sign)
{
	char name[NAME_BYTES] = "";

	for (int cpu = 0; cpu < MOST_CPUS; cpu++) {
		for (int state = 0; read_line(cpu, state, "name", name, sizeof(name)); state++) {
			long exit_us = read_number(cpu, state, "latency");
			int at = index_of(name);

			if (at < 0)
				continue;
			states[at].spent_us += sign * read_number(cpu, state, "time");
			/* CPUs may differ. */
			if (exit_us > states[at].exit_us)
				states[at].exit_us = exit_us;
		}
	}
}

void start_idle_times(void)
{
	add_times(-1);
}

void print_idle_times(void)
{
	add_times(1);
	printf("{\"kind\":\"idle\",\"states\":[");
	for (int i = 0; i < state_count; i++)
		printf("%s{\"name\":\"%s\",\"exitUs\":%ld,\"spentUs\":%lld}", i ? "," : "", states[i].name,
		       states[i].exit_us, (long long)(states[i].spent_us > 0 ? states[i].spent_us : 0));
	printf("]}\n");
}
