/* What comes before the measurement: the least that a connection can take, and the wait until every Service answers. */
#define _GNU_SOURCE
#include "probe.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SETTLE_TIMEOUT_MS 100
#define LOOPBACK_CONNECTIONS 400

enum outcome connect_service(enum protocol protocol, const struct service *service, long timeout_ms,
			     struct sample *sample)
{
	const struct targets *targets = targets_for(&service->at);
	struct in6_addr who;
	enum outcome outcome = try_to(protocol, &service->at, timeout_ms, sample, &who);

	if (outcome != REACHED)
		return outcome;
	for (int i = 0; i < service->count; i++) {
		const struct target *target = &targets->all[(service->first + i) % targets->count];
		struct in6_addr its = identity_of(&target->at);

		if (!is_same(&its, &who))
			continue;
		sample->is_near = target->is_near;
		return REACHED;
	}
	return WRONG;
}

enum outcome connect_target(enum protocol protocol, const struct target *target, struct sample *sample)
{
	struct in6_addr who, its = identity_of(&target->at);
	enum outcome outcome = try_to(protocol, &target->at, TIMEOUT_MS, sample, &who);

	sample->is_near = target->is_near;
	return outcome == REACHED && !is_same(&its, &who) ? WRONG : outcome;
}

void print_numbers(const char *name, const struct sample *samples, int count, int exchange)
{
	printf(",\"%s\":[", name);
	for (int i = 0; i < count; i++)
		printf("%s%u", i ? "," : "", exchange ? samples[i].exchange_ns : samples[i].connect_ns);
	printf("]");
}

/* What the clock can tell apart, what reading it takes, and what a connection within this pod takes: the least there is. */
void measure_floor(enum protocol protocol)
{
	union address at = loopback(task.services[0].at.any.sa_family);
	struct sample samples[LOOPBACK_CONNECTIONS];
	struct timespec resolution;
	socklen_t length = sizeof(at);
	uint64_t least = UINT64_MAX;
	int sockets[2] = { listen_on(&at, 64) };
	struct in6_addr who;
	pid_t server;

	clock_getres(CLOCK_MONOTONIC, &resolution);
	for (int i = 0; i < 10000; i++) {
		uint64_t first = now_ns(), second = now_ns();

		if (second > first && second - first < least)
			least = second - first;
	}
	if (getsockname(sockets[0], &at.any, &length))
		die("getsockname");
	sockets[1] = bind_datagrams(&at);
	server = fork();
	if (server < 0)
		die("fork");
	if (!server)
		serve(sockets, 2);
	close(sockets[0]);
	close(sockets[1]);
	/* Its datagrams are answered once it has begun. */
	while (try_to(TCP, &at, TIMEOUT_MS, samples, &who) != REACHED)
		sleep_until(now_ns() + 1000000);
	for (int i = 0; i < LOOPBACK_CONNECTIONS; i++) {
		sleep_until(now_ns() + random_interval(task.intervals_us[protocol] * 1000));
		if (try_to(protocol, &at, TIMEOUT_MS, &samples[i], &who) != REACHED)
			die("loopback");
	}
	kill(server, SIGKILL);
	printf("{\"kind\":\"floor\",\"protocol\":\"%s\",\"resolutionNs\":%ld,\"clockNs\":%llu", PROTOCOL_NAMES[protocol],
	       resolution.tv_nsec, (unsigned long long)least);
	print_numbers("connectNs", samples, LOOPBACK_CONNECTIONS, 0);
	print_numbers("exchangeNs", samples, LOOPBACK_CONNECTIONS, 1);
	printf("}\n");
}

/* Waits until each Service has answered once, by one of its own targets. */
void settle(void)
{
	uint64_t started = now_ns();
	struct sample sample;

	/* Each protocol of a Service is a frontend of its own. */
	for (int i = 0, protocol = task.intervals_us[TCP] ? TCP : UDP; i < task.service_count;) {
		enum outcome outcome = connect_service(protocol, &task.services[i], SETTLE_TIMEOUT_MS, &sample);
		uint64_t ms = (now_ns() - started) / 1000000;

		if (outcome == REACHED) {
			if (++i == task.service_count && protocol == TCP && task.intervals_us[UDP]) {
				protocol = UDP;
				i = 0;
			}
		} else if (ms > (uint64_t)task.settle_ms) {
			printf("{\"kind\":\"unsettled\",\"answered\":%d,\"outcome\":\"%s\",\"ms\":%llu}\n", i,
			       OUTCOME_NAMES[outcome], (unsigned long long)ms);
			fflush(stdout);
			exit(1);
		} else if (outcome != TIMED_OUT) {
			sleep_until(now_ns() + 10000000);
		}
	}
	printf("{\"kind\":\"settled\",\"ms\":%llu}\n", (unsigned long long)((now_ns() - started) / 1000000));
	fflush(stdout);
}
