/*
 * Programs that master(8) starts and passes mail to, and what they do with it.  A command line
 * shows little: one that names sendmail may return mail by it; one that names the port of a service
 * which is open to this machine only returns mail there.
 */
#include "core/mta/postfix/postfix_programs.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/item_list.h"
#include "core/mta/postfix/postfix_restrict.h"
#include "core/mta/postfix/postfix_smtpd.h"
#include "core/mta/provider/policyd_conf.h"

bool program_is_one(const struct master_service *service)
{
	return strcmp(service->command, "pipe") == 0 ||
	       strcmp(service->command, "spawn") == 0;
}

bool program_runs_sendmail(const struct master_service *service)
{
	return program_is_one(service) && strstr(service->arguments, "sendmail");
}

/* Whether the number or name is in the text as a separate word. */
static bool has_port(const char *text, const char *port)
{
	size_t len = strlen(port);
	for (const char *at = text; len && (at = strstr(at, port)); at += len)
		if ((at == text || strchr(" \t:=", at[-1])) && strchr(" \t\n", at[len]))
			return true;
	return false;
}

const struct master_service *program_spawned(const struct master_cf *master,
                                             const char *nexthop)
{
	const struct master_service *service =
		master_listener(master, nexthop, !strchr(nexthop, '/'));
	return service && strcmp(service->command, "spawn") == 0 ? service : NULL;
}

bool program_returns_by_smtp(const struct main_cf *main, const struct master_cf *master,
                             const struct master_service *program)
{
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		if (master_is_smtpd(service) && !smtpd_is_world(service) &&
		    smtpd_is_private(main, service) &&
		    has_port(program->arguments, master_port(service)))
			return !program_runs_sendmail(program);
	}
	return false;
}

const struct master_service *program_that_returns(const struct master_cf *master)
{
	for (size_t i = 0; i < master->count; i++)
		if (program_runs_sendmail(&master->service[i]))
			return &master->service[i];
	return NULL;
}

/* ---- deliveries, and what policy services may answer ------------------------------------------- */

/* "name", "name:nexthop", "unix:private/name" among the items. */
static bool names_service(const char *value, const char *name)
{
	auto_buf item = BUF_INIT;
	size_t len = strlen(name);
	while (item_list_next(&value, &item)) {
		const char *text = buf_text(&item);
		const char *slash = strstr(text, "private/");
		if (strncmp(text, name, len) == 0 && (!text[len] || text[len] == ':'))
			return true;
		if (slash && strncmp(slash + strlen("private/"), name, len) == 0 &&
		    strchr(", \t", slash[strlen("private/") + len]))
			return true;
	}
	return false;
}

static bool is_named(const struct main_cf *main, const struct master_cf *master,
                     const char *name)
{
	for (size_t i = 0; i < main->count; i++) {
		const struct main_def *def = &main->def[i];
		auto_free char *parameter =
			xmemdup(main->text + def->name, def->name_len);
		auto_buf value = BUF_INIT;
		main_cf_value(main, NULL, parameter, &value);
		if (names_service(buf_text(&value), name))
			return true;
	}
	for (size_t i = 0; i < master->count; i++)
		for (size_t k = 0; k < master->service[i].options; k++) {
			const char *value = strchr(master->service[i].option[k], '=');
			if (value && names_service(value + 1, name))
				return true;
		}
	return false;
}

static bool has_transport_maps(const struct main_cf *main)
{
	for (size_t i = 0; i < main->count; i++) {
		const struct main_def *def = &main->def[i];
		auto_free char *name = xmemdup(main->text + def->name, def->name_len);
		auto_buf value = BUF_INIT;
		if (!text_ends(name, "transport_maps"))
			continue;
		main_cf_value(main, NULL, name, &value);
		if (buf_text(&value)[strspn(buf_text(&value), ", \t\r\n")])
			return true;
	}
	return false;
}

static void note_policy(void *arg, const struct master_service *service, const char *list,
                        const char *endpoint)
{
	bool *has_policy = arg;
	(void)service;
	(void)list;
	*has_policy |= !text_ends(endpoint, POLICYD_SOCKET);
}

/* Whether a policy service of the administrator's is queried: its answer may be FILTER. */
static bool has_policy(const struct main_cf *main, const struct master_cf *master)
{
	bool found = false;
	restrict_each_policy(main, master, note_policy, &found);
	return found;
}

const struct master_service *program_delivered_to(const struct main_cf *main,
                                                  const struct master_cf *master)
{
	if (!program_that_returns(master))
		return NULL;
	bool is_dynamic = has_transport_maps(main) || has_policy(main, master);
	for (size_t i = 0; i < master->count; i++)
		if (program_runs_sendmail(&master->service[i]) &&
		    (is_dynamic || is_named(main, master, master->service[i].name)))
			return &master->service[i];
	return NULL;
}

bool program_may_filter(const struct main_cf *main, const struct master_cf *master)
{
	static const char *const usual[] = { "lmtp", "relay", "smtp" };
	if (!has_policy(main, master))
		return false;
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		bool is_usual = strcmp(service->type, "inet") == 0 ||
		                (strcmp(service->command, "smtp") != 0 &&
		                 strcmp(service->command, "lmtp") != 0);
		for (size_t k = 0; k < ARRAY_LEN(usual); k++)
			is_usual |= strcmp(service->name, usual[k]) == 0;
		if (!is_usual && !is_named(main, master, service->name))
			return true;
	}
	return false;
}
