/*
 * The tables of the last push with the lines of a few names rendered again, so that one changed
 * domain among 100,000 requires neither reading all of them from the store nor rendering a line for
 * each.
 *
 * Lines of both tables are in the order of their names, so a name is found by bisection.  The
 * result is checked as a whole, like tables that were rendered; if the last push is not known, or
 * anything is unexpected, the caller renders all.
 */
#include "core/mta/provider/opendkim.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/names.h"
#include "core/mta/check/validate.h"
#include "core/mta/provider/opendkim_validate.h"

/* With more names than these reading all is faster. */
#define NAMES_LIMIT 1000
/* The first line of a table is shorter (opendkim_tables.c). */
#define LINE_ROOM 4096

/* The name of a line: the first word in a SigningTable; in a KeyTable the text between the blank
 * and the first colon after it. */
static const char *line_name(const char *line, const char *end, bool is_keys,
                             size_t *ret_len)
{
	const char *eol = memchr(line, '\n', (size_t)(end - line));
	const char *stop = eol ? eol : end, *blank;
	if (is_keys && (blank = memchr(line, ' ', (size_t)(stop - line))))
		line = blank + 1;
	const char *mark = memchr(line, is_keys ? ':' : ' ', (size_t)(stop - line));
	*ret_len = (size_t)((mark ? mark : stop) - line);
	return line;
}

static int compare_line(const char *line, const char *end, bool is_keys, const char *name)
{
	size_t len, name_len = strlen(name);
	const char *own = line_name(line, end, is_keys, &len);
	int order = memcmp(own, name, len < name_len ? len : name_len);
	return order ? order : (len > name_len) - (len < name_len);
}

static const char *next_line(const char *line, const char *end)
{
	const char *eol = memchr(line, '\n', (size_t)(end - line));
	return eol ? eol + 1 : end;
}

/* The first line from `low` on whose name does not come before `name`. */
static const char *find_line(const char *low, const char *end, bool is_keys,
                             const char *name)
{
	const char *high = end;
	while (low < high) {
		const char *middle = low + (high - low) / 2;
		while (middle > low && middle[-1] != '\n')
			middle--;
		if (compare_line(middle, end, is_keys, name) < 0)
			low = next_line(middle, end);
		else
			high = middle;
	}
	return low;
}

/* `old` with the lines of `names` replaced by those of `fresh`; both sorted. */
static void merge(const struct buf *old, const struct buf *fresh, bool is_keys,
                  const char *const *names, size_t count, struct buf *into)
{
	const char *at = buf_text(old), *end = at + old->len;
	const char *new_at = buf_text(fresh), *new_end = new_at + fresh->len;
	buf_reserve(into, old->len + fresh->len);
	for (size_t i = 0; i < count; i++) {
		const char *line = find_line(at, end, is_keys, names[i]);
		buf_add(into, at, (size_t)(line - at));
		at = line;
		if (at < end && compare_line(at, end, is_keys, names[i]) == 0)
			at = next_line(at, end);
		if (new_at < new_end &&
		    compare_line(new_at, new_end, is_keys, names[i]) == 0) {
			line = next_line(new_at, new_end);
			buf_add(into, new_at, (size_t)(line - new_at));
			new_at = line;
		}
	}
	buf_add(into, at, (size_t)(end - at));
}

/* The content of `path` after the last push, in whole lines. 1: known, 0: not. */
static int read_pushed(const struct desired *desired, const struct opendkim_place *place,
                       const char *path, struct buf *into, struct err *err)
{
	auto_free char *full = xasprintf("%s%s", place->prefix, path);
	int r = desired_pushed(desired, full, 0, into, err);
	return r <= 0 ? r : into->len == 0 || into->at[into->len - 1] == '\n';
}

/* The first name of the SigningTable that is not one of `names`; NULL: none. */
static char *first_other(const struct buf *signing, const char *const *names,
                         size_t count)
{
	const char *at = buf_text(signing), *end = at + signing->len;
	for (size_t i = 0; at < end; at = next_line(at, end)) {
		while (i < count && compare_line(at, end, false, names[i]) > 0)
			i++;
		if (i == count || compare_line(at, end, false, names[i]) != 0) {
			size_t len;
			const char *name = line_name(at, end, false, &len);
			return xmemdup(name, len);
		}
	}
	return NULL;
}

static int add_row(void *arg, const struct signing_row *row, struct err *err)
{
	return opendkim_tables_add(arg, row, err);
}

/* The lines of `names`, sorted. */
static int render_names(const struct desired *desired, const char *const *names,
                        size_t count, struct opendkim_tables *fresh, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = desired_each_signing_of(desired, names[i], add_row, fresh, err);
	return r == 0 ? opendkim_tables_end(fresh, err) : r;
}

int opendkim_tables_renew(const struct desired *desired, const struct opendkim_keys *keys,
                          const struct opendkim_place *place,
                          struct opendkim_tables *tables, struct err *err)
{
	auto_buf old = BUF_INIT, old_signing = BUF_INIT;
	size_t count = opendkim_keys_count(keys);
	if (desired->is_everything || count > NAMES_LIMIT)
		return 0;
	int r = read_pushed(desired, place, OPENDKIM_SIGNING_TABLE, &old_signing, err);
	if (r > 0)
		r = read_pushed(desired, place, OPENDKIM_KEY_TABLE, &old, err);
	if (r <= 0)
		return r;
	auto_free const char **names = xcalloc(count + 1, sizeof(*names));
	for (size_t i = 0; i < count; i++)
		names[i] = opendkim_keys_name(keys, i);
	/* A name that did not change represents all such names: which algorithm they sign with. */
	auto_free char *other = first_other(&old_signing, names, count);
	if (other) {
		names[count++] = other;
		SORT(names, count, names_compare);
	}
	struct opendkim_tables fresh = { .chosen = tables->chosen, .arg = tables->arg };
	r = render_names(desired, names, count, &fresh, err);
	if (r == 0) {
		merge(&old, &fresh.keys, true, names, count, &tables->keys);
		buf_done(&old);
		merge(&old_signing, &fresh.signing, false, names, count,
		      &tables->signing);
		tables->is_ed25519 = fresh.is_ed25519;
	}
	opendkim_tables_done(&fresh);
	return r < 0 ? r : 1;
}

int opendkim_tables_keep(const struct desired *desired, const struct opendkim_keys *keys,
                         const struct opendkim_place *place,
                         struct opendkim_tables *tables, struct err *err)
{
	auto_free char *key_table = xasprintf("%s" OPENDKIM_KEY_TABLE, place->prefix);
	auto_free char *signing = xasprintf("%s" OPENDKIM_SIGNING_TABLE, place->prefix);
	auto_buf start = BUF_INIT;
	bool holds;
	if (!desired->is_untouched || desired->is_everything || opendkim_keys_count(keys))
		return 0;
	int r = desired_owns(desired, key_table, &holds, err);
	if (r < 0 || !holds)
		return r;
	r = desired_pushed(desired, signing, LINE_ROOM, &start, err);
	if (r <= 0)
		return r;
	/* one name represents all: which algorithm they sign with */
	auto_free char *name = first_other(&start, NULL, 0);
	const char *const names[] = { name };
	struct opendkim_tables fresh = { .chosen = tables->chosen, .arg = tables->arg };
	r = render_names(desired, names, name ? 1 : 0, &fresh, err);
	tables->is_ed25519 = fresh.is_ed25519;
	tables->is_as_pushed = r == 0;
	opendkim_tables_done(&fresh);
	return r < 0 ? r : 1;
}

/* ---- what is new ------------------------------------------------------------------------------ */

struct new_paths {
	int (*each)(void *arg, const char *path, struct err *err);
	void *arg;
	struct err *err;
};

static int give_path(void *arg, const struct opendkim_line *line)
{
	const struct new_paths *paths = arg;
	auto_free char *path = xmemdup(line->path, line->path_len);
	return paths->each(paths->arg, path, paths->err);
}

int opendkim_each_new_path(const struct buf *old, const struct buf *keys,
                           int (*each)(void *arg, const char *path, struct err *err),
                           void *arg, struct err *err)
{
	struct new_paths paths = { each, arg, err };
	return opendkim_each_changed(buf_text(old), buf_text(keys), give_path, &paths);
}
