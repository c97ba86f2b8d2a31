/*
 * Loads balancer.bpf.o and fills its maps from standard input, whole maps at a time: one by one, the inner maps of
 * 10,000 Maglev services take 84 s, in batches 0.4 s. Programs and maps are pinned in a folder of a bpffs.
 *
 *   loader load OBJECT FOLDER CGROUP|- [MAPS] < maps
 *                                                  programs pinned as FOLDER/<name>; at the socket when a cgroup is given.
 *                                                  Maps that another program has pinned in MAPS by the same name are taken
 *                                                  as they are
 *   loader update FOLDER < sections                writes one element after another to pinned maps; a section without
 *                                                  values deletes. Prints the nanoseconds of its bpf() calls
 *   loader memory FOLDER                           "name bytes" of each pinned map, as the kernel accounts them
 *   loader run FOLDER PROGRAM TWIN WARM SAMPLES REPEAT
 *                                                  nanoseconds of one run of a twin and of a program, the means of REPEAT by
 *                                                  BPF_PROG_TEST_RUN, a sample a line; first, WARM runs that are not timed
 *
 * Input of `load`: u32 length and bytes of `settings`; u32 number of capacities, then {char name[16], u32 entries} each;
 * then sections until the end: {char name[16], u32 key_size, u32 value_size, u32 count}, keys, values.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct section {
	char name[16];
	uint32_t key_size;
	uint32_t value_size;
	uint32_t count;
};

struct capacity {
	char name[16];
	uint32_t entries;
	uint32_t flags; /* of bpf(), added to the object's */
};

/* Cilium's map of tables, of either family. */
static int is_maglev(const char *name)
{
	return !strcmp(name, "lb4_maglev") || !strcmp(name, "lb6_maglev");
}

static void die(const char *what)
{
	fprintf(stderr, "loader: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *take(size_t size)
{
	void *data = malloc(size ? size : 1);

	if (!data || fread(data, 1, size, stdin) != size)
		die("the input ends too early");
	return data;
}

static uint32_t take_u32(void)
{
	uint32_t value;

	if (fread(&value, sizeof(value), 1, stdin) != 1)
		die("the input ends too early");
	return value;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

static void update_batch(int map, const char *name, void *keys, void *values, uint32_t count)
{
	uint32_t done = count;

	if (count && bpf_map_update_batch(map, keys, values, &done, NULL))
		die(name);
}

/*
 * Inner arrays first, then all of a portion at once into the outer map: each single update there waits for RCU. A process
 * may have 1024 files open; a portion leaves room for others.
 */
#define MAGLEV_PORTION 512

static void fill_maglev(int outer, const struct section *section, char *keys)
{
	int inners[MAGLEV_PORTION];
	uint32_t zero = 0;

	for (uint32_t first = 0, count; first < section->count; first += count) {
		count = section->count - first < MAGLEV_PORTION ? section->count - first : MAGLEV_PORTION;
		for (uint32_t i = 0; i < count; i++) {
			void *table = take(section->value_size);

			inners[i] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "maglev_inner", 4, section->value_size, 1, NULL);
			if (inners[i] < 0 || bpf_map_update_elem(inners[i], &zero, table, BPF_ANY))
				die("maglev_inner");
			free(table);
		}
		update_batch(outer, section->name, keys + (size_t)first * section->key_size, inners, count);
		for (uint32_t i = 0; i < count; i++)
			close(inners[i]);
	}
}

static void fill(int map, const struct section *section)
{
	char *keys = take((size_t)section->key_size * section->count);

	if (is_maglev(section->name)) {
		fill_maglev(map, section, keys);
	} else {
		void *values = take((size_t)section->value_size * section->count);

		update_batch(map, section->name, keys, values, section->count);
		free(values);
	}
	free(keys);
}

/* Where its section says: cgroup/connect4, or connect6. */
static void attach(struct bpf_object *object, const char *name, int cgroup)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (!program || bpf_prog_attach(bpf_program__fd(program), cgroup, bpf_program__expected_attach_type(program), 0))
		die(name);
}

static struct bpf_map *maglev_of(struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "lb4_maglev");

	return map ? map : bpf_object__find_map_by_name(object, "lb6_maglev");
}

static void configure(struct bpf_object *object, void *settings, uint32_t size, uint32_t maglev_bytes)
{
	struct bpf_map *map;
	struct bpf_map *outer = maglev_of(object);
	int inner = outer ? bpf_map_create(BPF_MAP_TYPE_ARRAY, "maglev_inner", 4, maglev_bytes, 1, NULL) : 0;

	if (outer && (inner < 0 || bpf_map__set_inner_map_fd(outer, inner)))
		die("maglev");
	bpf_object__for_each_map(map, object) {
		const char *name = bpf_map__name(map);

		if (strlen(name) < 7 || strcmp(name + strlen(name) - 7, ".rodata"))
			continue;
		if (bpf_map__set_initial_value(map, settings, size))
			die("settings");
	}
}

/* A map of another program's must have the layout that ours is compiled for. */
static void take_maps(struct bpf_object *object, const char *folder)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		const char *name = bpf_map__name(map);
		struct bpf_map_info info = {};
		uint32_t size = sizeof(info);
		char path[512];
		int fd;

		/* Sections of data are the object's own. */
		if (bpf_map__is_internal(map))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		fd = bpf_obj_get(path);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
			die(path);
		if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
		    info.value_size != bpf_map__value_size(map)) {
			fprintf(stderr, "loader: %s: keys of %u and values of %u bytes, and not of %u and %u\n", path,
				info.key_size, info.value_size, bpf_map__key_size(map), bpf_map__value_size(map));
			exit(1);
		}
		if (bpf_map__reuse_fd(map, fd))
			die(path);
		close(fd);
	}
}

/* libbpf replaces the dots of the whole path, which a folder for temporary files may have: from above, its name is enough. */
static void pin(struct bpf_object *object, const char *folder)
{
	char parent[512];
	const char *name = strrchr(folder, '/');

	if (!name || name == folder || name - folder >= (long)sizeof(parent))
		die(folder);
	snprintf(parent, sizeof(parent), "%.*s", (int)(name - folder), folder);
	if (chdir(parent) || bpf_object__pin(object, name + 1))
		die(folder);
}

static int load(const char *path, const char *folder, const char *cgroup_path, const char *maps)
{
	struct bpf_object *object = bpf_object__open(path);
	uint32_t size = take_u32();
	void *settings = take(size);
	uint32_t capacities = take_u32();
	struct section section;

	if (!object)
		die(path);
	/* settings.maglev_size: the inner map must have the size that the programs are verified with. */
	uint32_t maglev_size = ((uint32_t *)settings)[0];

	configure(object, settings, size, maglev_size ? maglev_size * 4 : 4);
	for (uint32_t i = 0; i < capacities; i++) {
		struct capacity *capacity = take(sizeof(*capacity));
		struct bpf_map *map = bpf_object__find_map_by_name(object, capacity->name);

		if (!map || bpf_map__set_max_entries(map, capacity->entries) ||
		    bpf_map__set_map_flags(map, bpf_map__map_flags(map) | capacity->flags))
			die(capacity->name);
		free(capacity);
	}
	if (maps)
		take_maps(object, maps);
	if (bpf_object__load(object))
		die("bpf_object__load");
	while (fread(&section, sizeof(section), 1, stdin) == 1) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, section.name);

		if (!map)
			die(section.name);
		fill(bpf_map__fd(map), &section);
	}
	pin(object, folder);
	if (strcmp(cgroup_path, "-")) {
		FILE *cgroup = fopen(cgroup_path, "r");

		if (!cgroup)
			die(cgroup_path);
		attach(object, "at_connect", fileno(cgroup));
		attach(object, "at_sendmsg", fileno(cgroup));
		attach(object, "at_recvmsg", fileno(cgroup));
	}
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int open_pinned(const char *folder, const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		die(path);
	return fd;
}

/* As an agent does: each element by a call of its own, each Maglev table as an array that takes another's place. */
static void write_element(int map, const struct section *section, const void *key, const void *value)
{
	uint32_t zero = 0;
	int inner;

	if (!section->value_size) {
		if (bpf_map_delete_elem(map, key))
			die(section->name);
		return;
	}
	if (!is_maglev(section->name)) {
		if (bpf_map_update_elem(map, key, value, BPF_ANY))
			die(section->name);
		return;
	}
	inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "maglev_inner", 4, section->value_size, 1, NULL);
	if (inner < 0 || bpf_map_update_elem(inner, &zero, value, BPF_ANY) ||
	    bpf_map_update_elem(map, key, &inner, BPF_ANY))
		die(section->name);
	close(inner);
}

static int update(const char *folder)
{
	struct section section;
	uint64_t total = 0;

	while (fread(&section, sizeof(section), 1, stdin) == 1) {
		char *keys = take((size_t)section.key_size * section.count);
		char *values = take((size_t)section.value_size * section.count);
		int map = open_pinned(folder, section.name);
		uint64_t started = now_ns();

		for (uint32_t i = 0; i < section.count; i++)
			write_element(map, &section, keys + (size_t)i * section.key_size,
				      values + (size_t)i * section.value_size);
		total += now_ns() - started;
		close(map);
		free(keys);
		free(values);
	}
	printf("%llu\n", (unsigned long long)total);
	return 0;
}

/* What /proc/self/fdinfo says of an open map; 0 for a program, which has no type of map. */
static uint64_t memlock_of(int fd)
{
	char path[64], line[256];
	unsigned long long bytes = 0;
	int map_type = 0;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "r");
	if (!info)
		die(path);
	while (fgets(line, sizeof(line), info)) {
		sscanf(line, "map_type: %d", &map_type);
		sscanf(line, "memlock: %llu", &bytes);
	}
	fclose(info);
	return map_type ? bytes : 0;
}

/* An outer map accounts for its pointers only. */
static uint64_t inner_memlock(int outer)
{
	uint16_t key, *previous = NULL;
	uint64_t total = 0;

	while (!bpf_map_get_next_key(outer, previous, &key)) {
		uint32_t id;
		int inner;

		if (bpf_map_lookup_elem(outer, &key, &id))
			die("maglev");
		inner = bpf_map_get_fd_by_id(id);
		if (inner < 0)
			die("maglev_inner");
		total += memlock_of(inner);
		close(inner);
		previous = &key;
	}
	return total;
}

static int memory(const char *folder)
{
	DIR *entries = opendir(folder);
	struct dirent *entry;

	if (!entries)
		die(folder);
	while ((entry = readdir(entries))) {
		uint64_t bytes;
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		fd = open_pinned(folder, entry->d_name);
		bytes = memlock_of(fd);
		if (bytes)
			printf("%s %llu\n", entry->d_name, (unsigned long long)bytes);
		if (is_maglev(entry->d_name))
			printf("maglev_inner %llu\n", (unsigned long long)inner_memlock(fd));
		close(fd);
	}
	closedir(entries);
	return 0;
}

static uint32_t time_runs(int program, int repeat)
{
	char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet), .repeat = repeat);

	if (bpf_prog_test_run_opts(program, &options))
		die("a run");
	return options.duration;
}

static int run(const char *folder, const char *program_name, const char *twin_name, int warm, int samples, int repeat)
{
	int program = open_pinned(folder, program_name), twin = open_pinned(folder, twin_name);

	if (warm > 0)
		time_runs(program, warm);
	for (int i = 0; i < samples; i++) {
		uint32_t overhead = time_runs(twin, repeat);

		printf("%u %u\n", overhead, time_runs(program, repeat));
	}
	return 0;
}

int main(int argc, char **argv)
{
	libbpf_set_print(quiet);
	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
	if ((argc == 5 || argc == 6) && !strcmp(argv[1], "load"))
		return load(argv[2], argv[3], argv[4], argc == 6 ? argv[5] : NULL);
	if (argc == 3 && !strcmp(argv[1], "update"))
		return update(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "memory"))
		return memory(argv[2]);
	if (argc == 8 && !strcmp(argv[1], "run"))
		return run(argv[2], argv[3], argv[4], atoi(argv[5]), atoi(argv[6]), atoi(argv[7]));
	fprintf(stderr, "usage: loader load OBJECT FOLDER CGROUP|- [MAPS] | update FOLDER | memory FOLDER | "
			"run FOLDER PROGRAM TWIN WARM SAMPLES REPEAT\n");
	return 2;
}
