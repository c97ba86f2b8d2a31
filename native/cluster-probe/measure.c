/*
 * Measures: connections to Services and to targets take turns, in random order, so that both see the same minutes of the same
 * nodes. Each has its time on a schedule, and threads take these in turns: a slow connection delays none that follows it, so
 * that slow moments of the network are met as often as they come (Tene, "How NOT to Measure Latency": coordinated omission).
 */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A container's log is stored in lines of at most 16 KiB. */
#define SAMPLES_A_LINE 400
/* Connections under way at once, at most. */
#define THREADS 16

struct series {
	const char *path;
	struct sample *samples;
	int count;
};

/* The connections of one round, in their order. */
struct schedule {
	pthread_mutex_t lock;
	enum protocol protocol;
	uint64_t started, ended, interval_ns;
	/* When the next connection is to begin, and when the last one did. */
	uint64_t next, last;
	long place, most;
	int first;
	struct series *through, *direct;
	long outcomes[OUTCOMES];
};

/* One connection of a schedule. */
struct turn {
	uint64_t at;
	/* Null: to the target itself. */
	const struct service *service;
	const struct target *target;
};

static void print_series(long round, enum protocol protocol, const struct series *series)
{
	for (int at = 0; at < series->count; at += SAMPLES_A_LINE) {
		int count = series->count - at < SAMPLES_A_LINE ? series->count - at : SAMPLES_A_LINE;
		const struct sample *samples = series->samples + at;

		printf("{\"kind\":\"samples\",\"round\":%ld,\"protocol\":\"%s\",\"path\":\"%s\"", round,
		       PROTOCOL_NAMES[protocol], series->path);
		print_numbers("connectNs", samples, count, 0);
		print_numbers("exchangeNs", samples, count, 1);
		printf(",\"near\":\"");
		for (int i = 0; i < count; i++)
			putchar(samples[i].is_near ? '1' : '0');
		printf("\",\"ipv6\":\"");
		for (int i = 0; i < count; i++)
			putchar(samples[i].is_ipv6 ? '1' : '0');
		printf("\"}\n");
	}
}

/* Of all threads. */
static uint64_t cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static const struct target *any_target(void)
{
	int at = random_below(task.targets[0].count + task.targets[1].count);

	return at < task.targets[0].count ? &task.targets[0].all[at] : &task.targets[1].all[at - task.targets[0].count];
}

/* The next connection of a schedule; 0: there is none. */
static int take_turn(struct schedule *schedule, struct turn *turn)
{
	long place = schedule->place;

	turn->at = schedule->next;
	if (place >= schedule->most || turn->at >= schedule->ended || now_ns() >= schedule->ended)
		return 0;
	schedule->place++;
	schedule->next += random_interval(schedule->interval_ns);
	if (place % 2 == 0)
		schedule->first = random_below(2);
	turn->service = place % 2 == schedule->first ? &task.services[random_below(task.service_count)] : NULL;
	turn->target = any_target();
	return 1;
}

/*
 * Waits for a connection's time, and where others began late, for the least interval after them: a burst would measure itself.
 */
static void wait_for(struct schedule *schedule, uint64_t at)
{
	for (;;) {
		uint64_t earliest;

		sleep_until(at);
		pthread_mutex_lock(&schedule->lock);
		earliest = schedule->last + least_interval(schedule->interval_ns);
		at = now_ns();
		if (at >= earliest)
			schedule->last = at;
		pthread_mutex_unlock(&schedule->lock);
		if (at >= earliest)
			return;
		at = earliest;
	}
}

static void *take_turns(void *argument)
{
	struct schedule *schedule = argument;
	struct turn turn;

	pthread_mutex_lock(&schedule->lock);
	while (take_turn(schedule, &turn)) {
		struct sample sample = { 0 };
		struct series *series = turn.service ? schedule->through : schedule->direct;
		enum outcome outcome;

		pthread_mutex_unlock(&schedule->lock);
		wait_for(schedule, turn.at);
		outcome = turn.service ? connect_service(schedule->protocol, turn.service, TIMEOUT_MS, &sample) :
					 connect_target(schedule->protocol, turn.target, &sample);
		pthread_mutex_lock(&schedule->lock);
		schedule->outcomes[outcome]++;
		if (outcome == REACHED)
			series->samples[series->count++] = sample;
	}
	pthread_mutex_unlock(&schedule->lock);
	return NULL;
}

/* At most. */
static long turns_in(long ms, enum protocol protocol)
{
	return ms * 1000000 / least_interval(task.intervals_us[protocol] * 1000) + 1;
}

static struct schedule schedule_of(long ms, enum protocol protocol, struct series *through, struct series *direct)
{
	uint64_t now = now_ns();

	through->count = direct->count = 0;
	return (struct schedule){
		.lock = PTHREAD_MUTEX_INITIALIZER, .protocol = protocol, .started = now, .ended = now + ms * 1000000ull,
		.interval_ns = task.intervals_us[protocol] * 1000, .next = now, .most = turns_in(ms, protocol),
		.through = through, .direct = direct,
	};
}

static void follow_schedule(struct schedule *schedule)
{
	pthread_t threads[THREADS];

	for (int i = 1; i < THREADS; i++)
		if ((errno = pthread_create(&threads[i], NULL, take_turns, schedule)))
			die("thread");
	take_turns(schedule);
	for (int i = 1; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void measure_round(long round, enum protocol protocol, struct series *through, struct series *direct)
{
	struct schedule schedule = schedule_of(task.round_ms, protocol, through, direct);
	uint64_t cpu = cpu_ns(), wall_ms;

	follow_schedule(&schedule);
	cpu = cpu_ns() - cpu;
	wall_ms = (now_ns() - schedule.started) / 1000000;
	/* A round takes its whole time, though the last connection begins before its end. */
	sleep_until(schedule.ended);
	print_series(round, protocol, through);
	print_series(round, protocol, direct);
	printf("{\"kind\":\"round\",\"round\":%ld,\"protocol\":\"%s\",\"wallMs\":%llu,\"cpuUs\":%llu,\"outcomes\":{",
	       round, PROTOCOL_NAMES[protocol], (unsigned long long)wall_ms, (unsigned long long)cpu / 1000);
	for (int i = 0; i < OUTCOMES; i++)
		printf("%s\"%s\":%ld", i ? "," : "", OUTCOME_NAMES[i], schedule.outcomes[i]);
	printf("}}\n");
	fflush(stdout);
}

static int has_time_for_round(uint64_t began)
{
	return !task.budget_ms || now_ns() + task.round_ms * 1000000ull <= began + task.budget_ms * 1000000ull;
}

void probe(const char *path)
{
	uint64_t began = now_ns();
	struct series through = { .path = "service" }, direct = { .path = "endpoint" };
	long longest, most = 0;

	read_task(path);
	/* Every node draws its own Services. */
	seed_random((task.seed * 2654435761u + 1) ^ (uint64_t)getpid() << 32 ^ now_ns());
	longest = task.round_ms > task.warm_up_ms ? task.round_ms : task.warm_up_ms;
	for (int protocol = 0; protocol < PROTOCOLS; protocol++)
		if (task.intervals_us[protocol] && turns_in(longest, protocol) > most)
			most = turns_in(longest, protocol);
	through.samples = calloc(most + 1, sizeof(struct sample));
	direct.samples = calloc(most + 1, sizeof(struct sample));
	if (!through.samples || !direct.samples)
		die("calloc");
	for (int protocol = 0; protocol < PROTOCOLS; protocol++)
		if (task.intervals_us[protocol])
			measure_floor(protocol);
	settle();
	/* What made the Services is busy for a while after the last of them answers. */
	for (int protocol = 0; protocol < PROTOCOLS; protocol++) {
		if (task.intervals_us[protocol] && task.warm_up_ms) {
			struct schedule warm_up = schedule_of(task.warm_up_ms, protocol, &through, &direct);

			follow_schedule(&warm_up);
		}
	}
	start_idle_times();
	for (long round = 0; round < task.rounds; round++)
		for (int protocol = 0; protocol < PROTOCOLS; protocol++)
			if (task.intervals_us[protocol] && has_time_for_round(began))
				measure_round(round, protocol, &through, &direct);
	print_idle_times();
	printf("{\"kind\":\"end\"}\n");
}
