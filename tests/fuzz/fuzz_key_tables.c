/*
 * Tables of other signers: the first octet chooses the kind, the rest is the text, which also stands
 * for every file that it names.  Rows hold names that are canonical, or say why not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/err.h"
#include "core/model/life/key_tables.h"
#include "dnszone/name/name.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

static bool give_itself(void *arg, const char *path, struct buf *into)
{
	(void)path;
	buf_puts(into, arg);
	return true;
}

static void check_row(const struct key_table_row *row)
{
	char name[NAME_SIZE], other[NAME_SIZE];
	struct err err = ERR_INIT;
	CHECK(row->where);
	if (row->domain)
		CHECK(name_parse_domain(row->domain, name, &err) == 0 &&
		      strcmp(name, row->domain) == 0);
	if (row->selector)
		CHECK(name_parse_selector(row->selector, name, &err) == 0 &&
		      strcmp(name, row->selector) == 0);
	if (!row->why && row->path)
		CHECK(key_tables_path_fits(row, "/k/a.example.s1.key", name, other) ||
		      true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0 || len > 4096)
		return 0;
	auto_free char *text = xmemdup(data + 1, len - 1);
	auto_key_tables tables = KEY_TABLES_INIT;
	const struct key_tables_source source = { give_itself, text };
	enum key_tables_kind kind = data[0] % (KEY_TABLES_EXIM + 1);
	if (kind == KEY_TABLES_NONE)
		kind = key_tables_kind_of("/etc/file", text);
	key_tables_read(&tables, kind, "/etc/file", text, &source);
	key_tables_finish(&tables);
	for (size_t i = 0; i < tables.count; i++)
		check_row(&tables.row[i]);
	return 0;
}
