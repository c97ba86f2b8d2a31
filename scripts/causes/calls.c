/*
 * What a lookup of a BPF program takes in the innermost cache: in a hash map of one element whose key is as long as that of
 * Cilium's frontends, in an array of one (which the JIT inlines: it calls nothing), and how long an empty subprogram takes to
 * call. Each depends on the one before, and what the same program without them takes is subtracted.
 *
 *   calls ROUNDS RUNS
 *
 * Prints nanoseconds of one of each, one round per line.
 */
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPEATS 32
#define INSN(CODE, DST, SRC, OFF, IMM) \
	((struct bpf_insn){ .code = CODE, .dst_reg = DST, .src_reg = SRC, .off = OFF, .imm = IMM })
#define SET(DST, IMM) INSN(BPF_ALU64 | BPF_MOV | BPF_K, DST, 0, 0, IMM)
#define COPY(DST, SRC) INSN(BPF_ALU64 | BPF_MOV | BPF_X, DST, SRC, 0, 0)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static struct bpf_insn program[REPEATS * 8 + 8];
static int length;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void add(struct bpf_insn insn)
{
	program[length++] = insn;
}

/* The key on the stack is zero, and register 6, which each step gives back as zero, its first word. */
static void begin(void)
{
	length = 0;
	add(INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -16, 0));
	add(INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 0));
	add(SET(BPF_REG_6, 0));
}

static int end(void)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, NULL, "GPL", program, length, NULL);

	if (fd < 0)
		die("a program");
	return fd;
}

static int lookups(enum bpf_map_type type, int key_size)
{
	uint32_t key[3] = { 0 };
	uint64_t value = 0;
	int map = bpf_map_create(type, NULL, key_size, sizeof(value), 1, NULL);

	if (map < 0 || bpf_map_update_elem(map, key, &value, BPF_ANY))
		die("a map");
	begin();
	for (int i = 0; i < REPEATS; i++) {
		add(INSN(BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_6, -16, 0));
		add(COPY(BPF_REG_2, BPF_REG_10));
		add(INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -16));
		add(INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map));
		add(INSN(0, 0, 0, 0, 0));
		add(INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem));
		add(INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 1, 0));
		add(INSN(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_6, BPF_REG_0, 0, 0));
	}
	add(SET(BPF_REG_0, 0));
	add(EXIT);
	return end();
}

static int calls(int repeats)
{
	begin();
	for (int i = 0; i < repeats; i++) {
		add(COPY(BPF_REG_1, BPF_REG_6));
		/* The subprogram is behind the program's two last instructions. */
		add(INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, (repeats - 1 - i) * 3 + 3));
		add(COPY(BPF_REG_6, BPF_REG_0));
	}
	add(SET(BPF_REG_0, 0));
	add(EXIT);
	if (repeats > 0) {
		add(COPY(BPF_REG_0, BPF_REG_1));
		add(EXIT);
	}
	return end();
}

static double run(int fd, uint32_t runs)
{
	char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet), .repeat = runs);

	if (bpf_prog_test_run_opts(fd, &options))
		die("a run");
	return options.duration;
}

int main(int argc, char **argv)
{
	int rounds = argc == 3 ? atoi(argv[1]) : 0, runs = argc == 3 ? atoi(argv[2]) : 0;

	if (rounds < 1 || runs < 1) {
		fprintf(stderr, "usage: calls ROUNDS RUNS\n");
		return 2;
	}
	int nothing = calls(0);
	int timed[] = { lookups(BPF_MAP_TYPE_HASH, 12), lookups(BPF_MAP_TYPE_ARRAY, 4), calls(REPEATS) };

	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < 3; i++)
			printf("%.3f ", (run(timed[i], runs) - run(nothing, runs)) / REPEATS);
		putchar('\n');
	}
	return 0;
}
