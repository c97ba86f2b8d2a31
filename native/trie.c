/*
 * Asks a real BPF_MAP_TYPE_LPM_TRIE of Calico's frontends (16-byte keys, 20-byte values). Standard input, in
 * the machine's byte order:
 *
 *   u32 entries, u32 keys, entries x 36 bytes of key and value, keys x 16 bytes
 *
 * The map holds as many entries as come, or as the argument says. Standard output: for each key the first
 * word of the value that the kernel finds, or 0xffffffff; then "memlock" of the map as the kernel accounts
 * it, a u32. Exit 1 with a line on standard error where the kernel refuses.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>

#define KEY 16
#define VALUE 20

static int fail(const char *what)
{
	fprintf(stderr, "trie: %s: %s\n", what, strerror(errno));
	return 1;
}

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static uint32_t memlock(int fd)
{
	char path[64], line[128];
	uint32_t bytes = 0;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "r");
	while (info && fgets(line, sizeof(line), info))
		sscanf(line, "memlock: %u", &bytes);
	if (info)
		fclose(info);
	return bytes;
}

int main(int argc, char **argv)
{
	uint32_t counts[2], answer;
	unsigned char entry[KEY + VALUE], value[VALUE];
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_LPM_TRIE,
		.key_size = KEY,
		.value_size = VALUE,
		.map_flags = BPF_F_NO_PREALLOC,
	};
	int fd;

	if (fread(counts, sizeof(counts), 1, stdin) != 1)
		return fail("no counts");
	attr.max_entries = argc > 1 ? strtoul(argv[1], NULL, 10) : counts[0];
	fd = bpf(BPF_MAP_CREATE, &attr);
	if (fd < 0)
		return fail("the map");
	for (uint32_t i = 0; i < counts[0] + counts[1]; i++) {
		int isentry = i < counts[0];

		if (fread(entry, isentry ? sizeof(entry) : KEY, 1, stdin) != 1)
			return fail("input ends early");
		memset(&attr, 0, sizeof(attr));
		attr.map_fd = fd;
		attr.key = (uintptr_t)entry;
		attr.value = isentry ? (uintptr_t)(entry + KEY) : (uintptr_t)value;
		if (isentry) {
			if (bpf(BPF_MAP_UPDATE_ELEM, &attr))
				return fail("an entry");
			continue;
		}
		answer = UINT32_MAX;
		if (!bpf(BPF_MAP_LOOKUP_ELEM, &attr))
			memcpy(&answer, value, sizeof(answer));
		else if (errno != ENOENT)
			return fail("a lookup");
		fwrite(&answer, sizeof(answer), 1, stdout);
	}
	answer = memlock(fd);
	fwrite(&answer, sizeof(answer), 1, stdout);
	return fflush(stdout) ? fail("output") : 0;
}
