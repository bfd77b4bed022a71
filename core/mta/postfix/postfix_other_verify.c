/*
 * Filters of an administrator beside our verifier.
 *
 * OpenDKIM and OpenDMARC remove every Authentication-Results field with their own AuthservID that has
 * a result of theirs (2.11 and 1.4.2, tested): ours, which they get, would be lost.  Without an
 * AuthservID both use the name of the host.  Of rspamd see rspamd.h.
 */
#include "core/mta/postfix/postfix_other_verify.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/item_list.h"
#include "core/mta/postfix/postfix_services.h"
#include "core/mta/provider/opendkim_conf.h"
#include "core/mta/provider/opendmarc.h"
#include "core/mta/provider/policyd_conf.h"
#include "core/mta/provider/rspamd.h"

static bool is_same_id(const struct opendkim_conf *conf, const char *hostname,
                       const char *name)
{
	const char *id = opendkim_conf_get(conf, "AuthservID");
	if (!id || strcmp(id, "HOSTNAME") == 0)
		id = hostname;
	return id && strcasecmp(id, name) == 0;
}

/* The item of the administrator's smtpd_milters that is the socket of `conf`; NULL: none.  The caller
 * frees. */
static char *find_item(const struct opendkim_conf *conf, const struct main_cf *admin,
                       const char *queue_dir)
{
	const char *socket = opendkim_conf_get(conf, "Socket");
	auto_free char *endpoint = socket ? opendkim_endpoint(socket, queue_dir) : NULL;
	const struct filter_socket filter = { endpoint, queue_dir };
	auto_buf value = BUF_INIT;
	main_cf_value(admin, NULL, "smtpd_milters", &value);
	return services_find_socket(buf_text(&value), &filter);
}

static void note_unchanged(const char *item, struct plan *plan)
{
	plan_note(
		plan,
		_("smtpd_milters names %s, which verifies mail too: it is not changed, and "
	          "mail must satisfy both filters"),
		item);
}

static void note_rspamd(const struct postfix_observed *observed,
                        const struct main_cf *admin, struct plan *plan)
{
	auto_buf value = BUF_INIT, item = BUF_INIT;
	main_cf_value(admin, NULL, "smtpd_milters", &value);
	for (const char *at = buf_text(&value); item_list_next(&at, &item);) {
		if (!rspamd_is_item(buf_text(&item)))
			continue;
		if (!observed->rspamd_results) {
			note_unchanged(buf_text(&item), plan);
			return;
		}
		auto_free char *remedy = xasprintf(
			_("take authentication-results out of \"use\" in %s, and "
		          "restart rspamd"),
			observed->rspamd_results);
		plan_warn(plan, remedy,
		          _("smtpd_milters names %s, and rspamd writes "
		            "Authentication-Results: it removes all other fields of that "
		            "name, and the results of mailauthctl with them"),
		          buf_text(&item));
		return;
	}
}

static void note(const struct postfix_observed *observed,
                 const struct opendkim_conf *conf, const struct main_cf *admin,
                 const char *file, const char *name, struct plan *plan)
{
	auto_free char *item = find_item(conf, admin, observed->host.queue_dir);
	if (!item)
		return;
	if (!is_same_id(conf, observed->host.hostname, name)) {
		note_unchanged(item, plan);
		return;
	}
	auto_free char *remedy = xasprintf(
		_("set AuthservID in %s to another name, and restart that filter"), file);
	plan_warn(plan, remedy,
	          _("smtpd_milters names %s, which verifies mail too and writes its "
	            "results as %s: it removes the results of mailauthctl"),
	          item, name);
}

void other_verify_note(const struct postfix_observed *observed, const char *name,
                       bool signs, struct plan *plan)
{
	const char *mode = opendkim_conf_get(&observed->dkim.admin, "Mode");
	auto_opendkim_conf dmarc = OPENDKIM_CONF_INIT;
	auto_buf text = BUF_INIT, conf = BUF_INIT;
	auto_main_cf admin = MAIN_CF_INIT;
	struct err ignored = ERR_INIT;
	main_cf_strip(buf_text(&observed->main_cf), observed->main_cf.len, &text);
	main_cf_parse(&admin, buf_text(&text), text.len);
	if (!signs && (!mode || strchr(mode, 'v')))
		note(observed, &observed->dkim.admin, &admin, OPENDKIM_CONF, name, plan);
	opendmarc_conf_without(buf_text(&observed->earlier.conf),
	                       observed->earlier.conf.len, &conf);
	if (opendkim_conf_parse(&dmarc, buf_text(&conf), NULL, NULL, &ignored) < 0)
		err_clear(&ignored);
	note(observed, &dmarc, &admin, OPENDMARC_CONF, name, plan);
	note_rspamd(observed, &admin, plan);
}

/* ---- order ------------------------------------------------------------------------------------- */

/* The first item of an expanded list, if ours is a later one; false: it is first, or not there. */
static bool find_front(const char *list, struct buf *ret_item)
{
	auto_buf item = BUF_INIT;
	bool is_first = true;
	while (item_list_next(&list, &item)) {
		bool is_ours = text_starts(buf_text(&item), "unix:" POLICYD_SOCKET);
		if (is_ours)
			return !is_first;
		if (is_first)
			buf_add(ret_item, buf_text(&item),
			        strcspn(buf_text(&item), ", \t"));
		is_first = false;
	}
	return false;
}

void other_verify_warn_order(const struct main_cf *main, const struct master_cf *master,
                             struct plan *plan)
{
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		auto_buf value = BUF_INIT, front = BUF_INIT;
		if (!master_is_smtpd(service) ||
		    !main_cf_is_own(main, service, "smtpd_milters"))
			continue;
		main_cf_value_of(main, service, "smtpd_milters", &value);
		if (!find_front(buf_text(&value), &front))
			continue;
		auto_free char *remedy = xasprintf(
			_("name the filter of mailauthctl first in smtpd_milters of %s/%s in "
		          "master.cf"),
			service->name, service->type);
		plan_warn(
			plan, remedy,
			_("%s/%s in master.cf names %s before the filter that verifies: "
		          "changes by that filter break signatures, and its results are "
		          "removed if they have our name"),
			service->name, service->type, buf_text(&front));
	}
}
