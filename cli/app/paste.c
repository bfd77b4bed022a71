/*
 * DKIM records of zones that are served elsewhere.  Their name servers are queried first: a record
 * that exists must be replaced; a second one must not be added.
 */
#include "cli/app/paste.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/job/zone_ask.h"
#include "core/model/record/records.h"

#define PART 500 /* names that are queried at a time */

static const struct out_column record_columns[] = {
	{ "owner", N_("Owner"), OUT_TEXT, 0 },
	{ "ttl", N_("TTL"), OUT_INT, 0 },
	{ "type", N_("Type"), OUT_TEXT, 0 },
	{ "data", N_("Data"), OUT_TEXT, 0 },
	{ "replaces", N_("Replaces"), OUT_TEXT, 0 },
	{ "is_there", N_("Existing"), OUT_BOOL, 0 },
};

static const struct look_item *look_at_owner(const struct first_look *look,
                                             const char *owner)
{
	for (size_t i = 0; i < look->count; i++)
		if (strcmp(look->item[i].owner, owner) == 0)
			return &look->item[i];
	return NULL;
}

/* As lines of a zone, with a comment if the zone already has a record there. */
static int print_line(struct app *app, const struct record_row *row,
                      const struct look_item *item, struct err *err)
{
	struct record_row copy = *row;
	struct record_list one = { .row = &copy, .count = 1 };
	auto_buf line = BUF_INIT;
	if (item && item->outcome == LOOK_TAKEN)
		buf_printf(&line, _("; replaces the existing record: %s\n"), item->had);
	else if (item && item->outcome == LOOK_OURS)
		buf_puts(&line, _("; exists already:\n"));
	size_t ignored;
	int r = records_put_zone(&one, row->owner, ZONE_INCLUDE, &line, &ignored, err);
	out_plain(app->out, buf_text(&line), line.len);
	return r;
}

static void put_columns(struct app *app, const struct record_row *row,
                        const struct look_item *item)
{
	auto_free char *owner = xasprintf("%s.", row->owner);
	out_text(app->out, owner);
	out_int(app->out, row->ttl);
	out_text(app->out, row->type);
	out_text(app->out, row->rdata);
	out_text(app->out, item && item->outcome == LOOK_TAKEN ? item->had : NULL);
	if (item && item->outcome != LOOK_SILENT)
		out_bool(app->out, item->outcome == LOOK_OURS);
	else
		out_null(app->out);
	out_row_end(app->out);
}

/* The DKIM records of a zone that is served elsewhere, ready to paste. */
static int print_records(struct app *app, const char *name, const struct first_look *look,
                         struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	const struct env *env;
	int r = domain_look(app->session.store, name, &domain, err);
	if (r > 0)
		r = session_env(&app->session, &env, err);
	if (r >= 0 && domain.id)
		r = records_new(app->session.store, env, &records, err);
	if (r >= 0 && domain.id)
		r = records_of_domain(records, &domain, &list, err);
	for (size_t i = 0; r >= 0 && i < list.count; i++) {
		const struct record_row *row = &list.row[i];
		if (strcmp(row->source, "dkim") != 0 &&
		    strcmp(row->source, "policy") != 0)
			continue;
		const struct look_item *item = look_at_owner(look, row->owner);
		if (out_get_format(app->out) == OUT_FORMAT_TABLE)
			r = print_line(app, row, item, err);
		else
			put_columns(app, row, item);
	}
	return r;
}

/* Queries and prints a part of the names, which bounds the memory. */
static int print_part(struct app *app, const char *const *names, size_t count,
                      struct err *err)
{
	struct first_look *look = xcalloc(count, sizeof(*look));
	int r = app->session.ctx.is_rooted
	                ? 0
	                : zone_ask_external(&app->session, names, count, look, err);
	for (size_t i = 0; i < count; i++) {
		if (r >= 0)
			r = print_records(app, names[i], &look[i], err);
		first_look_done(&look[i]);
	}
	free(look);
	return r;
}

int paste_keys(struct app *app, const char *const *names, size_t count, struct err *err)
{
	bool is_listed = out_get_format(app->out) != OUT_FORMAT_TABLE;
	int r = 0;
	if (count && is_listed)
		out_list_begin(app->out, record_columns, ARRAY_LEN(record_columns));
	for (size_t i = 0; r >= 0 && i < count; i += PART)
		r = print_part(app, names + i, count - i < PART ? count - i : PART, err);
	if (count && is_listed)
		out_end(app->out);
	return r;
}
