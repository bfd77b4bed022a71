/*
 * Keys that sign today continue to sign: their records are treated as public, so they are imported
 * as active.  Keys that no table uses are not imported.
 */
#include "core/job/takeover.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/life/import_tree.h"
#include "core/mta/provider/opendkim_conf.h"

#define MOST_REPORTED 20

/* 1: an administrator's configuration exists, and ours does not sign. */
static int is_replacing(struct session *session, struct err *err)
{
	auto_opendkim_conf conf = OPENDKIM_CONF_INIT;
	if (!session->push.replace_filter || session->push.remove)
		return 0;
	int r = opendkim_conf_read(&session->ctx, OPENDKIM_CONF, &conf, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : !conf.includes_ours;
}

static void leave_unused(struct import *import)
{
	for (size_t i = 0; i < import->count; i++)
		if (import->item[i].fate == IMPORT_KEY && !import->item[i].signs)
			import->item[i].fate = IMPORT_PASSED;
}

/* The reason speaks of "it": its file. */
static void report_lost(struct session *session, const struct import_item *item)
{
	const char *why = item->detail ? item->detail : _("its key cannot be read");
	auto_free char *reason = item->domain && item->file
	                                 ? xasprintf("%s: %s", item->file, why)
	                                 : xstrdup(why);
	ctx_report(&session->ctx, REPORT_WARNING, _("mail of %s is no longer signed: %s"),
	           item->domain ? item->domain : item->file, reason);
}

static void report_item(struct session *session, const struct import_item *item)
{
	switch (item->fate) {
	case IMPORT_KEY:
		ctx_report(&session->ctx, REPORT_NOTE,
		           _("%s is still signed with the selector %s: its key was "
		             "imported from %s"),
		           item->domain, item->selector, item->file);
		break;
	case IMPORT_THERE:
		ctx_report(&session->ctx, REPORT_NOTE,
		           _("%s already has the key of the selector %s: run "
		             "\"mailauthctl domain show %s\" to see whether it signs"),
		           item->domain, item->selector, item->domain);
		break;
	default:
		report_lost(session, item);
		break;
	}
}

static bool is_reported(const struct import_item *item)
{
	return item->fate == IMPORT_KEY || item->fate == IMPORT_REFUSED ||
	       (item->fate == IMPORT_THERE && item->is_named);
}

/* Domains that will no longer be signed come first: the administrator must know them. */
static void report(struct session *session, const struct import *import)
{
	size_t reported = 0, all = 0;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < import->count; i++) {
			const struct import_item *item = &import->item[i];
			if (!is_reported(item) || (item->fate == IMPORT_REFUSED) != !pass)
				continue;
			all++;
			if (reported < MOST_REPORTED) {
				report_item(session, item);
				reported++;
			}
		}
	if (all > reported)
		ctx_report(&session->ctx, REPORT_NOTE,
		           _("and %zu more; run \"mailauthctl key import --tables %s "
		             "--dry-run\" to list all"),
		           all - reported, OPENDKIM_CONF);
}

int takeover_run(struct session *session, struct err *err)
{
	auto_import import = { .tree = { .root_fd = -1 } };
	auto_free char *path = ctx_host_path(&session->ctx, OPENDKIM_CONF);
	const char *const tables[] = { path };
	const struct import_request request = { .tables = tables, .table_count = 1 };
	int r = is_replacing(session, err);
	if (r <= 0)
		return r;
	r = import_scan(&session->ctx, session->store, &request, &import, err);
	if (r < 0)
		return r;
	import_decide(&import);
	leave_unused(&import);
	r = import_run(&import, &session->ctx, session->store, true, err);
	for (size_t i = 0; r >= 0 && !session->is_dry_run && i < import.count; i++)
		if (import.item[i].fate == IMPORT_KEY)
			session_export_later(session, import.item[i].domain);
	if (r >= 0 && !session->is_filter_reported)
		report(session, &import);
	session->is_filter_reported = true;
	return r < 0 ? r : 0;
}
