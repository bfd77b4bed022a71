/* tests/unit/tsv.h: lines of public test data (TESTDATA): columns between tabs, "\xHH" in them. */
#ifndef TESTS_UNIT_TSV_H
#define TESTS_UNIT_TSV_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/text.h"

/* NULL: not there; says so. */
static inline FILE *tsv_open(const char *name)
{
	const char *folder = getenv("TESTDATA");
	auto_free char *path = xasprintf("%s/%s", folder ? folder : "", name);
	FILE *file = folder && *folder ? fopen(path, "r") : NULL;
	if (!file)
		printf("skipped: no %s in TESTDATA\n", name);
	return file;
}

/* The next line's columns (`count` of them) into `column`, cut in *line; comments are passed over. */
static inline bool tsv_next(FILE *file, char **line, size_t *room, char **column,
                            size_t count)
{
	do {
		ssize_t len = getline(line, room, file);
		if (len <= 0)
			return false;
		if ((*line)[len - 1] == '\n')
			(*line)[len - 1] = '\0';
	} while (**line == '#');
	char *rest = *line;
	for (size_t i = 0; i < count; i++) {
		column[i] = strsep(&rest, "\t");
		if (!column[i])
			column[i] = strchr(*line, '\0');
	}
	return true;
}

/* "\r", "\n", "\xHH" to octets. */
static inline void tsv_unescape(const char *text, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\\' || i + 1 >= len) {
			buf_putc(out, text[i]);
		} else if (text[i + 1] == 'x' && i + 3 < len) {
			const char hex[] = { text[i + 2], text[i + 3], '\0' };
			buf_putc(out, (char)strtoul(hex, NULL, 16));
			i += 3;
		} else {
			buf_putc(out, text[++i] == 'r' ? '\r' : '\n');
		}
	}
}

#endif
