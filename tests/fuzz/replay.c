/*
 * Feeds files, or all files of folders, to a fuzz target that was built without a fuzzer, so that
 * the corpus and what was once found are tested with any compiler.  TAP: one result for each argument.
 *
 *     fuzz_dns_answer tests/fuzz/corpus/dns_answer
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX ((size_t)1 << 20)

static unsigned replayed;

static void replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *room = malloc(INPUT_MAX);
	if (!file || !room) {
		perror(path);
		exit(1);
	}
	size_t len = fread(room, 1, INPUT_MAX, file);
	fclose(file);
	/* exactly as long as the input, so that a sanitizer sees what is read behind it */
	uint8_t *input = malloc(len ? len : 1);
	if (!input) {
		perror(path);
		exit(1);
	}
	memcpy(input, room, len);
	free(room);
	LLVMFuzzerTestOneInput(input, len);
	free(input);
	replayed++;
}

static void replay(const char *path)
{
	DIR *folder = opendir(path);
	if (!folder) {
		replay_file(path);
		return;
	}
	for (const struct dirent *entry; (entry = readdir(folder));) {
		char name[4096];
		struct stat about;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (stat(name, &about) == 0 && S_ISREG(about.st_mode))
			replay_file(name);
	}
	closedir(folder);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
		return 2;
	}
	printf("1..%d\n", argc - 1);
	fflush(stdout);
	for (int i = 1; i < argc; i++) {
		replayed = 0;
		replay(argv[i]);
		printf("%sok - %u inputs of %s\n", replayed ? "" : "not ", replayed,
		       argv[i]);
		fflush(stdout);
	}
	return 0;
}
