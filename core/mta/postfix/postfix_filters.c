/*
 * Content filters: which services accept the mail that a filter returns, and whether all ways back
 * are known.
 *
 * A filter returns mail by SMTP to a service of its own, by SMTP to one that others use too, or by
 * sendmail(1).  The first kind is recognised here and excluded everywhere.  The others cannot be
 * distinguished from mail of this machine, so the signing filter must exclude loopback and local
 * programs.
 *
 * Doubtful cases count as a way back: an unsigned message does less harm than a signed message of a
 * stranger.
 */
#include "core/mta/postfix/postfix_filters.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/network.h"
#include "core/base/text.h"
#include "core/mta/host/item_list.h"
#include "core/mta/postfix/postfix_programs.h"
#include "core/mta/postfix/postfix_restrict.h"
#include "core/mta/postfix/postfix_smtpd.h"

static bool is_set(const struct main_cf *main, const struct master_service *service,
                   const char *name)
{
	auto_buf value = BUF_INIT;
	main_cf_value_of(main, service, name, &value);
	return buf_text(&value)[strspn(buf_text(&value), " \t")] != '\0';
}

static bool has_word(const struct main_cf *main, const struct master_service *service,
                     const char *name, const char *word)
{
	auto_buf value = BUF_INIT;
	main_cf_value_of(main, service, name, &value);
	return item_list_has(buf_text(&value), word);
}

/* ---- where a filter is, and how it returns mail -------------------------------------------------- */

enum way {
	WAY_NONE,    /* returns nothing: not a filter */
	WAY_LOCAL,   /* by SMTP, on this machine */
	WAY_REMOTE,  /* by SMTP, from another host */
	WAY_PROGRAM, /* perhaps by sendmail(1) */
};

static const struct master_service *find_transport(const struct master_cf *master,
                                                   const char *name, size_t len)
{
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		if (strcmp(service->type, "inet") != 0 && strlen(service->name) == len &&
		    memcmp(service->name, name, len) == 0)
			return service;
	}
	return NULL;
}

static bool is_own_name(const struct main_cf *main, const char *host)
{
	auto_buf name = BUF_INIT, interfaces = BUF_INIT;
	main_cf_value(main, NULL, "myhostname", &name);
	main_cf_value(main, NULL, "inet_interfaces", &interfaces);
	return strcasecmp(buf_text(&name), host) == 0 ||
	       item_list_has(buf_text(&interfaces), host);
}

/* Listeners on this machine. */
static enum way way_here(const struct main_cf *main, const struct master_cf *master,
                         const char *nexthop, const struct master_service **ret_program)
{
	const struct master_service *program = program_spawned(master, nexthop);
	if (!program || program_returns_by_smtp(main, master, program))
		return WAY_LOCAL;
	*ret_program = program;
	return WAY_PROGRAM;
}

/* "[host]:port", "host:port", "inet:host:port", "unix:/path".  *ret_host: another host's name or
 * address, for the caller to free. */
static enum way way_of_host(const struct main_cf *main, const struct master_cf *master,
                            const char *nexthop, char **ret_host,
                            const struct master_service **ret_program)
{
	if (text_starts(nexthop, "unix:") || *nexthop == '/')
		return way_here(main, master, nexthop, ret_program);
	if (text_starts(nexthop, "inet:"))
		nexthop += strlen("inet:");
	bool is_framed = *nexthop == '[';
	nexthop += is_framed;
	const char *colon = strrchr(nexthop, ':');
	size_t len = is_framed ? strcspn(nexthop, "]")
	             : colon   ? (size_t)(colon - nexthop)
	                       : strlen(nexthop);
	auto_free char *text = xmemdup(nexthop, len);
	const char *host = strncasecmp(text, "ipv6:", 5) == 0 ? text + 5 : text;
	if (!*host || master_is_loopback(host) || is_own_name(main, host))
		return way_here(main, master, nexthop, ret_program);
	*ret_host = xstrdup(host);
	return WAY_REMOTE;
}

/* *ret_program: the program that may return it by sendmail(1), if it is known and the way is
 * WAY_PROGRAM. */
static enum way way_of(const struct main_cf *main, const struct master_cf *master,
                       const struct filter_use *use, char **ret_host,
                       const struct master_service **ret_program)
{
	const char *target = use->target;
	if (strcmp(use->parameter, "smtpd_proxy_filter") == 0)
		return way_of_host(main, master, target, ret_host, ret_program);
	size_t len = strcspn(target, ":");
	const struct master_service *transport = find_transport(master, target, len);
	auto_buf nexthop = BUF_INIT;
	if (!transport || strchr(target, '$') || program_is_one(transport)) {
		*ret_program = transport;
		return WAY_PROGRAM;
	}
	if (strcmp(transport->command, "smtp") != 0 &&
	    strcmp(transport->command, "lmtp") != 0)
		return WAY_NONE;
	if (target[len] && target[len + 1])
		buf_puts(&nexthop, target + len + 1);
	else if (!use->table)
		main_cf_value(main, NULL, "default_filter_nexthop", &nexthop);
	if (nexthop.len)
		return way_of_host(main, master, buf_text(&nexthop), ret_host,
		                   ret_program);
	/* FILTER with a transport only selects how mail is sent to its own destination */
	return use->table ? WAY_NONE : WAY_REMOTE;
}

/* ---- uses ---------------------------------------------------------------------------------------- */

/* The filters that parameters name, and those in tables, each once. */
struct uses {
	struct filter_use *row;
	size_t count, room;
};

static void uses_done(struct uses *uses)
{
	for (size_t i = 0; i < uses->count; i++) {
		free(uses->row[i].target);
		free(uses->row[i].parameter);
		free(uses->row[i].table);
	}
	free(uses->row);
}

static void add_use(struct uses *uses, const char *parameter, const char *target,
                    const char *table)
{
	for (size_t i = 0; i < uses->count; i++)
		if (strcmp(uses->row[i].target, target) == 0 &&
		    strcmp(uses->row[i].parameter, parameter) == 0)
			return;
	GROW(uses->row, uses->count, uses->room);
	uses->row[uses->count++] = (struct filter_use){
		.target = xstrdup(target),
		.parameter = xstrdup(parameter),
		.table = xstrdup(table),
	};
}

static bool takes_mail(const struct master_service *service)
{
	return master_is_smtpd(service) || strcmp(service->command, "pickup") == 0 ||
	       strcmp(service->command, "qmqpd") == 0;
}

static void find_uses(const struct main_cf *main, const struct master_cf *master,
                      const struct filter_tables *tables, struct uses *uses)
{
	static const char *const names[] = { "content_filter", "smtpd_proxy_filter" };
	for (size_t i = 0; i < master->count; i++) {
		struct master_service *service = &master->service[i];
		for (size_t n = 0; n < ARRAY_LEN(names); n++) {
			auto_buf value = BUF_INIT, item = BUF_INIT;
			if (!takes_mail(service) || (n == 1 && !master_is_smtpd(service)))
				continue;
			main_cf_value_of(main, service, names[n], &value);
			const char *at = buf_text(&value);
			if (!item_list_next(&at, &item))
				continue;
			add_use(uses, names[n], buf_text(&item), NULL);
		}
	}
	for (size_t i = 0; tables && i < tables->count; i++)
		add_use(uses, tables->use[i].parameter, tables->use[i].target,
		        tables->use[i].table);
}

/* ---- services ------------------------------------------------------------------------------------ */

/* Customers authenticate here.  A setting of main.cf for all services does not characterise one
 * that accepts listed hosts. */
static bool has_login(const struct main_cf *main, const struct master_service *service)
{
	if (!smtpd_is_yes(main, service, "smtpd_sasl_auth_enable"))
		return false;
	return master_override(service, "smtpd_sasl_auth_enable") ||
	       smtpd_is_submission(main, service) ||
	       (restrict_has(main, service, "permit_sasl_authenticated") &&
	        !restrict_has(main, service, "permit_mynetworks"));
}

/* Whether a FILTER action of the table applies to mail that arrives through the service. */
static bool is_met(const struct main_cf *main, const struct master_cf *master,
                   const struct master_service *service, const struct filter_use *use)
{
	if (!text_ends(use->parameter, "_checks"))
		return use->service ? strcmp(use->service, service->name) == 0
		                    : !master_override(service, use->parameter);
	auto_buf cleanup = BUF_INIT;
	if (has_word(main, service, "receive_override_options", "no_header_body_checks"))
		return false;
	main_cf_value_of(main, service, "cleanup_service_name", &cleanup);
	if (use->service)
		return strcmp(use->service, buf_text(&cleanup)) == 0;
	const struct master_service *own =
		find_transport(master, buf_text(&cleanup), cleanup.len);
	return !own || !master_override(own, use->parameter);
}

static bool is_filtered(const struct main_cf *main, const struct master_cf *master,
                        const struct filter_tables *tables,
                        const struct master_service *service)
{
	if (is_set(main, service, "content_filter") ||
	    is_set(main, service, "smtpd_proxy_filter"))
		return true;
	for (size_t i = 0; tables && i < tables->count; i++) {
		auto_free char *host = NULL;
		const struct master_service *program = NULL;
		if (way_of(main, master, &tables->use[i], &host, &program) != WAY_NONE &&
		    is_met(main, master, service, &tables->use[i]))
			return true;
	}
	return false;
}

/* Whether the service is for mail that a filter returns.  One that is open to the world too is not,
 * because its mail is unfiltered, or filtered by its own rule (the first of two filters); nor is
 * one for which a table may only possibly name a filter (`is_sure` false). */
static bool takes_back(const struct main_cf *main, const struct master_cf *master,
                       const struct filter_tables *tables, bool is_sure,
                       const struct master_service *service)
{
	if (!master_is_smtpd(service) || has_login(main, service))
		return false;
	bool is_private = smtpd_is_private(main, service);
	bool is_spared = is_sure && !is_filtered(main, master, tables, service);
	if (smtpd_is_world(service))
		return is_private && is_spared;
	if (smtpd_is_submission(main, service))
		return is_private;
	return is_private || is_spared ||
	       (is_sure && master_override(service, "content_filter"));
}

/* Options that only a way back has: they count even if no filter is found, because a transport may
 * lead to one. */
static bool is_marked(const struct main_cf *main, const struct master_service *service)
{
	return master_is_smtpd(service) && !smtpd_is_world(service) &&
	       !has_login(main, service) && smtpd_is_private(main, service) &&
	       (master_override(service, "content_filter") ||
	        master_override(service, "smtpd_proxy_filter") ||
	        master_override(service, "receive_override_options") ||
	        master_override(service, "smtpd_authorized_xforward_hosts"));
}

bool filter_is_returned_here(const struct main_cf *main, const struct master_cf *master)
{
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		if (master_is_smtpd(service) && !smtpd_is_world(service) &&
		    !has_login(main, service) && smtpd_is_private(main, service))
			return true;
	}
	return false;
}

/* ---- all of it ----------------------------------------------------------------------------------- */

static void find_services(const struct main_cf *main, const struct master_cf *master,
                          const struct filter_tables *tables, bool is_sure,
                          struct filter_ways *ways, bool *ret_is_reachable)
{
	bool is_used = is_sure || (tables && tables->unreadable) ||
	               program_may_filter(main, master);
	size_t backs = 0, proxies = 0;
	ways->reinjecting = xcalloc(master->count + 1, sizeof(ways->reinjecting[0]));
	ways->proxied = xcalloc(master->count + 1, sizeof(ways->proxied[0]));
	*ret_is_reachable = false;
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		if ((is_used && takes_back(main, master, tables, is_sure, service)) ||
		    is_marked(main, service)) {
			ways->reinjecting[backs++] = service->name;
			*ret_is_reachable |= !smtpd_listens_on_loopback(main, service);
		} else if (master_is_smtpd(service) &&
		           is_set(main, service, "smtpd_proxy_filter")) {
			ways->proxied[proxies++] = service->name;
		}
	}
}

static void add_remote(struct filter_ways *ways, const char *host)
{
	struct network net;
	if (!host || !network_parse(host, &net)) {
		ways->is_anywhere = true;
		return;
	}
	GROW(ways->remote, ways->remotes, ways->remote_room);
	ways->remote[ways->remotes++] = xstrdup(host);
}

/* The parameter that names the filter: "content_filter", or its table. */
static const char *source_of(const struct filter_use *use)
{
	return use->table ? use->table : use->parameter;
}

static void judge_use(const struct main_cf *main, const struct master_cf *master,
                      const struct filter_use *use, bool has_local, bool has_reachable,
                      struct filter_ways *ways)
{
	auto_free char *host = NULL;
	const struct master_service *program = NULL;
	enum way way = way_of(main, master, use, &host, &program);
	if (way == WAY_NONE || (way == WAY_LOCAL && has_local) ||
	    (way == WAY_REMOTE && has_reachable))
		return;
	if (way == WAY_REMOTE)
		add_remote(ways, host);
	if (program && !ways->program && program_runs_sendmail(program))
		ways->program = xstrdup(program->name);
	if (ways->unknown)
		return;
	if (way == WAY_PROGRAM)
		ways->unknown = xasprintf(
			_("%s passes mail to %s, a program that can return it through "
		          "sendmail(1): mail from local programs and from loopback is "
		          "not signed, because it cannot be distinguished from mail "
		          "from outside that the filter returns"),
			source_of(use), use->target);
	else
		ways->unknown = xasprintf(
			_("%s passes mail to %s, and no service in master.cf is known "
		          "to accept the mail that the filter returns: mail from local "
		          "programs, from loopback and from the filter's host is not "
		          "signed, because it cannot be distinguished from mail from "
		          "outside that the filter returns"),
			source_of(use), use->target);
}

void filter_ways_find(const struct main_cf *main, const struct master_cf *master,
                      const struct filter_tables *tables, bool has_other,
                      struct filter_ways *ret_ways)
{
	cleanup(uses_done) struct uses uses = { 0 };
	struct filter_ways ways = FILTER_WAYS_INIT;
	const char *unreadable = tables ? tables->unreadable : NULL;
	bool is_sure = false, is_reachable;
	find_uses(main, master, tables, &uses);
	for (size_t i = 0; i < uses.count && !is_sure; i++) {
		auto_free char *host = NULL;
		const struct master_service *program = NULL;
		is_sure = way_of(main, master, &uses.row[i], &host, &program) != WAY_NONE;
	}
	find_services(main, master, tables, is_sure, &ways, &is_reachable);
	bool has_local = ways.reinjecting[0] || has_other;
	for (size_t i = 0; i < uses.count; i++)
		judge_use(main, master, &uses.row[i], has_local, is_reachable, &ways);
	if (!ways.unknown && unreadable && (!has_local || program_that_returns(master)))
		ways.unknown = xasprintf(
			_("%s cannot be searched for FILTER actions: mail from local "
		          "programs and from loopback is not signed, because it cannot "
		          "be distinguished from mail from outside that a filter "
		          "returns"),
			unreadable);
	const struct master_service *delivery =
		ways.unknown ? NULL : program_delivered_to(main, master);
	if (delivery)
		ways.unknown = xasprintf(
			_("%s/%s in master.cf is a program that can return mail "
		          "through sendmail(1): mail from local programs and from "
		          "loopback is not signed, because it cannot be distinguished "
		          "from mail from outside that the program returns"),
			delivery->name, delivery->type);
	*ret_ways = ways;
}

void filter_ways_done(struct filter_ways *ways)
{
	free(ways->reinjecting);
	free(ways->proxied);
	free(ways->unknown);
	free(ways->program);
	for (size_t i = 0; i < ways->remotes; i++)
		free(ways->remote[i]);
	free(ways->remote);
	*ways = FILTER_WAYS_INIT;
}
