/*
 * Records of zones that are served elsewhere, in the columns of DNS providers' forms.  Their name
 * servers are queried first: a record that exists must be replaced; a second one must not be added.
 */
#include "cli/app/paste.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/job/zone_ask.h"
#include "core/model/record/records.h"
#include "dnszone/name/rr.h"

#define PART 500 /* names that are queried at a time */

#define OWNER_COLUMNS                                                                  \
	{ "owner", NULL, OUT_TEXT, OUT_HIDE_TABLE },                                   \
		{ "domain", N_("Domain"), OUT_TEXT, 0 },                               \
		{ "host", N_("Host"), OUT_TEXT, 0 }, { "ttl", N_("TTL"), OUT_INT, 0 }, \
	{                                                                              \
		"type", N_("Type"), OUT_TEXT, 0                                        \
	}
#define VALUE_COLUMNS                                 \
	{ "quoted", NULL, OUT_TEXT, OUT_HIDE_TABLE }, \
	{                                             \
		"data", N_("Value"), OUT_TEXT, 0      \
	}

static const struct out_column record_columns[] = { OWNER_COLUMNS, VALUE_COLUMNS };
static const struct out_column queried_columns[] = {
	OWNER_COLUMNS,
	{ "is_there", N_("Existing"), OUT_BOOL, 0 },
	{ "replaces", N_("Replaces"), OUT_TEXT, 0 },
	VALUE_COLUMNS,
};

/* What is printed after the table: long values as quoted strings. */
struct paste {
	struct app *app;
	bool has_keys_only;
	struct buf quoted;
};

static const struct look_item *look_at_owner(const struct first_look *look,
                                             const struct record_row *row)
{
	for (size_t i = 0; i < look->count; i++)
		if (strcmp(look->item[i].owner, row->owner) == 0 &&
		    strcmp(look->item[i].type, row->type) == 0 &&
		    strcmp(look->item[i].rdata, row->rdata) == 0)
			return &look->item[i];
	return NULL;
}

/* The owner as forms of DNS providers require it: relative to the domain, "@" for the domain. */
static char *host_of(const char *owner, const char *domain)
{
	size_t len = strlen(owner), domain_len = strlen(domain);
	return len > domain_len ? xmemdup(owner, len - domain_len - 1) : xstrdup("@");
}

static void put_row(struct paste *paste, const char *domain, const struct record_row *row,
                    const struct first_look *look)
{
	struct out *out = paste->app->out;
	auto_free char *owner = xasprintf("%s.", row->owner);
	auto_free char *host = host_of(row->owner, domain);
	auto_buf quoted = BUF_INIT;
	size_t len = strlen(row->rdata);
	bool is_text = strcmp(row->type, "TXT") == 0;
	if (is_text)
		rr_put_txt(&quoted, row->rdata, len);
	out_text(out, owner);
	out_text(out, domain);
	out_text(out, host);
	out_int(out, row->ttl);
	out_text(out, row->type);
	if (look) {
		const struct look_item *item = look_at_owner(look, row);
		if (item && item->outcome != LOOK_SILENT)
			out_bool(out, item->outcome == LOOK_OURS);
		else
			out_null(out);
		out_text(out, item && item->outcome == LOOK_TAKEN ? item->had : NULL);
	}
	out_text(out, is_text ? buf_text(&quoted) : NULL);
	out_text(out, row->rdata);
	out_row_end(out);
	if (is_text && len > RR_STRING_MAX)
		buf_printf(&paste->quoted, _("\n%s in quoted strings:\n%s\n"), row->owner,
		           buf_text(&quoted));
}

/* The provider has its own SOA record, and its own NS records at the domain. */
static bool is_left_out(const struct paste *paste, const struct record_row *row,
                        const char *domain)
{
	bool is_key =
		strcmp(row->source, "dkim") == 0 || strcmp(row->source, "policy") == 0;
	return (paste->has_keys_only && !is_key) || strcmp(row->type, "SOA") == 0 ||
	       (strcmp(row->type, "NS") == 0 && strcmp(row->owner, domain) == 0);
}

/* `look`: what its zone has; NULL: not queried. */
static int put_records(struct paste *paste, const struct domain *domain,
                       const struct first_look *look, struct err *err)
{
	struct session *session = &paste->app->session;
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	const struct env *env;
	int r = session_env(session, &env, err);
	if (r >= 0)
		r = records_new(session->store, env, &records, err);
	if (r >= 0)
		r = records_of_domain(records, domain, &list, err);
	for (size_t i = 0; r >= 0 && i < list.count; i++)
		if (!is_left_out(paste, &list.row[i], domain->name))
			put_row(paste, domain->name, &list.row[i], look);
	return r;
}

static void end(struct paste *paste)
{
	out_end(paste->app->out);
	if (out_get_format(paste->app->out) == OUT_FORMAT_TABLE)
		out_plain(paste->app->out, buf_text(&paste->quoted), paste->quoted.len);
	buf_done(&paste->quoted);
}

/* Queries and prints a part of the names, which bounds the memory. */
static int put_part(struct paste *paste, const char *const *names, size_t count,
                    struct err *err)
{
	struct session *session = &paste->app->session;
	struct first_look *look = xcalloc(count, sizeof(*look));
	int r = session->ctx.is_rooted
	                ? 0
	                : zone_ask_external(session, names, count, look, err);
	for (size_t i = 0; i < count; i++) {
		auto_domain domain = DOMAIN_INIT;
		if (r >= 0)
			r = domain_look(session->store, names[i], &domain, err);
		if (r > 0)
			r = put_records(paste, &domain, &look[i], err);
		first_look_done(&look[i]);
	}
	free(look);
	return r;
}

static int put_names(struct paste *paste, const char *const *names, size_t count,
                     struct err *err)
{
	int r = 0;
	if (count == 0)
		return 0;
	out_list_begin(paste->app->out, queried_columns, ARRAY_LEN(queried_columns));
	for (size_t i = 0; r >= 0 && i < count; i += PART)
		r = put_part(paste, names + i, count - i < PART ? count - i : PART, err);
	end(paste);
	return r;
}

int paste_names(struct app *app, const char *const *names, size_t count, struct err *err)
{
	struct paste paste = { .app = app };
	return put_names(&paste, names, count, err);
}

int paste_keys(struct app *app, const char *const *names, size_t count, struct err *err)
{
	struct paste paste = { .app = app, .has_keys_only = true };
	return put_names(&paste, names, count, err);
}

int paste_domain(struct app *app, const struct domain *domain, struct err *err)
{
	struct paste paste = { .app = app };
	out_list_begin(app->out, record_columns, ARRAY_LEN(record_columns));
	int r = put_records(&paste, domain, NULL, err);
	end(&paste);
	return r;
}
