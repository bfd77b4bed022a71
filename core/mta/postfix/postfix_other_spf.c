/*
 * An SPF check of the administrator's: a policy service in any list of restrictions, or a milter.
 *
 * It is recognised by its socket, or by the program that master.cf starts for it: policyd-spf,
 * pypolicyd-spf, postfix-policyd-spf-perl and similar ones all have "spf" in one of them.
 */
#include "core/mta/postfix/postfix_other_spf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/item_list.h"
#include "core/mta/postfix/postfix_restrict.h"
#include "core/mta/provider/policyd_conf.h"

#define ASKS "check_policy_service"

struct others {
	const struct postfix_observed *observed;
	const struct master_cf *master;
	struct plan *plan;
	char **named; /* endpoints that were reported */
	size_t count, room;
};

static bool is_told(struct others *others, const char *endpoint)
{
	for (size_t i = 0; i < others->count; i++)
		if (strcmp(others->named[i], endpoint) == 0)
			return true;
	GROW(others->named, others->count, others->room);
	others->named[others->count++] = xstrdup(endpoint);
	return false;
}

static bool checks_spf(const struct master_cf *master, const char *endpoint)
{
	const struct master_service *service =
		master_listener(master, endpoint, text_starts(endpoint, "inet:"));
	if (text_ends(endpoint, POLICYD_SOCKET) ||
	    (service && strstr(service->arguments, POLICYD_PATH)))
		return false;
	return strcasestr(endpoint, "spf") ||
	       (service && strcasestr(service->arguments, "spf"));
}

/* Whether "check_policy_service ENDPOINT" is contiguous in a line of the text. */
static bool has_item(const struct buf *text, const char *endpoint)
{
	size_t len = strlen(endpoint);
	for (const char *at = buf_text(text); (at = strstr(at, ASKS));) {
		at += strlen(ASKS);
		size_t blanks = strspn(at, ", \t");
		if (blanks && strncmp(at + blanks, endpoint, len) == 0 &&
		    strchr(", \t\r\n}", at[blanks + len]))
			return true;
	}
	return false;
}

/* A command that removes the item from the file and nothing else; NULL: it is written in another
 * way. */
static char *remedy_for(const struct others *others, const char *endpoint)
{
	const struct postfix_observed *observed = others->observed;
	auto_buf pattern = BUF_INIT, files = BUF_INIT;
	if (has_item(&observed->main_cf, endpoint))
		buf_printf(&files, " %s", observed->main_path);
	if (has_item(&observed->master_cf, endpoint))
		buf_printf(&files, " %s", observed->master_path);
	for (const char *c = endpoint; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("/:-_.[]", *c))
			return NULL;
		buf_printf(&pattern, strchr(".[]", *c) ? "\\%c" : "%c", *c);
	}
	if (!files.len)
		return NULL;
	return xasprintf("sed -E -i --follow-symlinks "
	                 "'s#,?[ \\t]*" ASKS "[, \\t]+%s([, \\t}]|$)#\\1#'%s; "
	                 "postfix -c %s reload",
	                 buf_text(&pattern), buf_text(&files), observed->host.config_dir);
}

static void look_at_policy(void *arg, const struct master_service *service,
                           const char *list, const char *endpoint)
{
	struct others *others = arg;
	if (!checks_spf(others->master, endpoint) || is_told(others, endpoint))
		return;
	auto_free char *remedy = remedy_for(others, endpoint);
	auto_free char *words = xasprintf(_("remove it from %s"), list);
	auto_free char *where =
		service ? xasprintf("%s (%s/%s)", list, service->name, service->type)
			: xstrdup(list);
	plan_warn(others->plan, remedy ? remedy : words,
	          _("%s uses %s, which appears to be another SPF check: mail gets two "
	            "Received-SPF fields and must satisfy both policies; run "
	            "\"mailauthctl doctor overrides\" to see how to remove it"),
	          where, endpoint);
}

static void look_at_milters(struct others *others, const struct main_cf *cf)
{
	auto_buf value = BUF_INIT, item = BUF_INIT;
	main_cf_value(cf, NULL, "smtpd_milters", &value);
	for (const char *at = buf_text(&value); item_list_next(&at, &item);) {
		auto_free char *endpoint =
			xmemdup(buf_text(&item), strcspn(buf_text(&item), ", \t"));
		if (strcasestr(endpoint, "spf") && !is_told(others, endpoint))
			plan_warn(others->plan, _("remove it from smtpd_milters"),
			          _("smtpd_milters names %s, which appears to be "
			            "another SPF check: mail gets two Received-SPF "
			            "fields and must satisfy both policies; run "
			            "\"mailauthctl doctor overrides\" to see how to "
			            "remove it"),
			          endpoint);
	}
}

void other_spf_warn(const struct postfix_observed *observed, const struct main_cf *cf,
                    const struct master_cf *master, struct plan *plan)
{
	struct others others = { .observed = observed, .master = master, .plan = plan };
	restrict_each_policy(cf, master, look_at_policy, &others);
	look_at_milters(&others, cf);
	for (size_t i = 0; i < others.count; i++)
		free(others.named[i]);
	free(others.named);
}
