/*
 * Lookups of known latency: times BPF programs as lookups are timed (BPF_PROG_TEST_RUN, an empty twin subtracted), on an
 * array whose elements lead to one another, next to the same walk by this program over the same memory.
 *
 *   known LINES ROUNDS RUNS      LINES: elements of a cache line each, a power of two
 *
 * Prints, for each round, nanoseconds of a lookup and of a step of the walk.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/bpf.h>

#define LINE 64
#define WORDS (LINE / sizeof(uint32_t))
/* One cycle through all lines that no prefetcher foresees (Hull & Dobell 1962): 1 modulo 4, and odd. */
#define MULTIPLIER (4 * 362437 + 1)
#define INCREMENT 104729

static int die(const char *what)
{
	fprintf(stderr, "known: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int array(uint32_t entries, uint32_t value_size)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = value_size,
		.max_entries = entries,
		.map_flags = BPF_F_MMAPABLE,
	};
	int map = bpf(BPF_MAP_CREATE, &attr);

	return map < 0 ? die("the map") : map;
}

#define INSN(CODE, DST, SRC, OFF, IMM) \
	((struct bpf_insn){ .code = CODE, .dst_reg = DST, .src_reg = SRC, .off = OFF, .imm = IMM })
/* The two halves of a 64-bit constant: a map, or the address of its first value. */
#define LD_MAP(DST, KIND, MAP) INSN(BPF_LD | BPF_DW | BPF_IMM, DST, KIND, 0, MAP), INSN(0, 0, 0, 0, 0)

static int load(const struct bpf_insn *program, int length)
{
	static char log[4096];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SCHED_CLS,
		.insns = (uintptr_t)program,
		.insn_cnt = length,
		.license = (uintptr_t)"GPL",
		.log_buf = (uintptr_t)log,
		.log_size = sizeof(log),
		.log_level = 1,
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		fprintf(stderr, "known: %s\n", log);
	return fd < 0 ? die("the program") : fd;
}

static double run(int program, uint32_t runs)
{
	char packet[64] = { 0 };
	union bpf_attr attr = { 0 };

	attr.test.prog_fd = program;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	attr.test.repeat = runs;
	if (bpf(BPF_PROG_TEST_RUN, &attr))
		die("a run");
	return attr.test.duration;
}

static double walk(const volatile uint32_t *lines, uint32_t *at, uint32_t steps)
{
	struct timespec before, after;
	uint32_t line = *at;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	for (uint32_t step = 0; step < steps; step++)
		line = lines[line * WORDS];
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	*at = line;
	return ((after.tv_sec - before.tv_sec) * 1e9 + (after.tv_nsec - before.tv_nsec)) / steps;
}

int main(int argc, char **argv)
{
	uint32_t lines, rounds, runs, at = 0, *memory;
	int table, place, chase, twin;

	if (argc != 4) {
		fprintf(stderr, "usage: known LINES ROUNDS RUNS\n");
		return 2;
	}
	lines = strtoul(argv[1], NULL, 10);
	rounds = strtoul(argv[2], NULL, 10);
	runs = strtoul(argv[3], NULL, 10);
	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
	table = array(lines, LINE);
	place = array(1, sizeof(uint64_t));
	memory = mmap(NULL, (size_t)lines * LINE, PROT_READ | PROT_WRITE, MAP_SHARED, table, 0);
	if (memory == MAP_FAILED)
		die("the memory");
	for (uint32_t line = 0; line < lines; line++)
		memory[line * WORDS] = (line * (uint32_t)MULTIPLIER + INCREMENT) & (lines - 1);

	/* What one run finds is what the next one asks for, as in balancer.bpf.c. */
	struct bpf_insn lookup[] = {
		LD_MAP(BPF_REG_6, BPF_PSEUDO_MAP_VALUE, place),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_6, 0, 0),
		LD_MAP(BPF_REG_1, BPF_PSEUDO_MAP_FD, table),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 2, 0),
		INSN(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_0, 0, 0),
		INSN(BPF_STX | BPF_MEM | BPF_W, BPF_REG_6, BPF_REG_1, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	struct bpf_insn nothing[] = {
		LD_MAP(BPF_REG_6, BPF_PSEUDO_MAP_VALUE, place),
		INSN(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_6, 0, 0),
		INSN(BPF_STX | BPF_MEM | BPF_W, BPF_REG_6, BPF_REG_1, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};

	chase = load(lookup, sizeof(lookup) / sizeof(*lookup));
	twin = load(nothing, sizeof(nothing) / sizeof(*nothing));
	for (uint32_t round = 0; round < rounds; round++) {
		double floor = run(twin, runs), whole = run(chase, runs);

		printf("%.3f %.3f\n", whole - floor, walk(memory, &at, runs));
	}
	return 0;
}
