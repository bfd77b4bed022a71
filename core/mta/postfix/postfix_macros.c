/*
 * Lists of macros.  They apply to all filters of a service: a filter cannot have its own.
 */
#include "core/mta/postfix/postfix_macros.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/item_list.h"
#include "core/mta/postfix/postfix_smtpd.h"
#include "core/mta/probe/milter.h"

#define MAIL_MACROS "milter_mail_macros"
#define AUTH_TYPE "{auth_type}"

static const char *const needed[] = { "i", AUTH_TYPE, "{auth_authen}" };

/* "{i}" is the same macro as "i". */
static bool is_macro(const char *item, const char *name)
{
	size_t len = strlen(item), name_len = strlen(name);
	if (*name == '{') {
		name++;
		name_len -= 2;
	}
	if (*item == '{' && item[len - 1] == '}') {
		item++;
		len -= 2;
	}
	return len == name_len && strncasecmp(item, name, len) == 0;
}

/* item_list_next() removes the braces. */
static bool has_macro(const char *list, const char *name)
{
	auto_buf item = BUF_INIT;
	while (item_list_next(&list, &item))
		if (is_macro(buf_text(&item), name))
			return true;
	return false;
}

static void value_of(const struct main_cf *main, const struct master_service *service,
                     const char *name, struct buf *into)
{
	if (service)
		main_cf_value_of(main, service, name, into);
	else
		main_cf_value(main, NULL, name, into);
}

void macros_lacking(const struct main_cf *main, const struct master_service *service,
                    struct buf *into)
{
	auto_buf list = BUF_INIT;
	value_of(main, service, MAIL_MACROS, &list);
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (!has_macro(buf_text(&list), needed[i]))
			buf_printf(into, "%s%s", into->len ? " " : "", needed[i]);
	buf_add(into, "", 0);
}

/* ---- overrides -------------------------------------------------------------------------------- */

/* A command for a shell; postconf(1) accepts no blanks there. */
static char *remedy_for(const struct master_service *service, const char *config_dir,
                        const char *lacking)
{
	auto_buf both = BUF_INIT, list = BUF_INIT;
	buf_printf(&both, "%s %s", master_override(service, MAIL_MACROS), lacking);
	const char *at = buf_text(&both) + strspn(buf_text(&both), " \t\r\n,");
	while (*at) {
		size_t len = strcspn(at, " \t\r\n,'");
		buf_printf(&list, "%s%.*s", list.len ? "," : "", (int)len, at);
		at += len;
		at += strspn(at, " \t\r\n,'");
	}
	return xasprintf(
		"postconf -c %s -P '%s/%s/" MAIL_MACROS "=%s'; postfix -c %s reload",
		config_dir, service->name, service->type, buf_text(&list), config_dir);
}

void macros_each_fault(const struct main_cf *main, const struct master_cf *master,
                       const char *config_dir,
                       void (*each)(void *arg, const struct master_service *service,
                                    const char *sentence, const char *remedy),
                       void *arg)
{
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		auto_buf lacking = BUF_INIT;
		if (strcmp(service->command, "smtpd") != 0 ||
		    !master_override(service, MAIL_MACROS) ||
		    !smtpd_is_yes(main, service, "smtpd_sasl_auth_enable"))
			continue;
		macros_lacking(main, service, &lacking);
		if (!strstr(buf_text(&lacking), AUTH_TYPE))
			continue;
		auto_free char *sentence = xasprintf(
			_("%s/%s in master.cf sets milter_mail_macros without %s: mail "
		          "of customers who log in to this service is not signed"),
			service->name, service->type, buf_text(&lacking));
		auto_free char *remedy =
			remedy_for(service, config_dir, buf_text(&lacking));
		each(arg, service, sentence, remedy);
	}
}

static void note_fault(void *arg, const struct master_service *service,
                       const char *sentence, const char *remedy)
{
	(void)service;
	plan_note(arg, _("%s; run \"%s\""), sentence, remedy);
}

void macros_note(const struct main_cf *main, const struct master_cf *master,
                 const char *config_dir, struct plan *plan)
{
	macros_each_fault(main, master, config_dir, note_fault, plan);
}

/* ---- defaults --------------------------------------------------------------------------------- */

/* "auth_type=TLS" or "{auth_type}=TLS" in the list. */
static bool gives_login(const char *list)
{
	auto_buf item = BUF_INIT;
	while (item_list_next(&list, &item)) {
		const char *text = buf_text(&item);
		auto_free char *name = xmemdup(text, strcspn(text, "= \t"));
		if (*name && is_macro(name, AUTH_TYPE))
			return true;
	}
	return false;
}

int macros_check(const struct main_cf *main, const struct master_cf *master,
                 struct err *err)
{
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		auto_buf list = BUF_INIT;
		if (strcmp(service->command, "smtpd") != 0 ||
		    smtpd_is_submission(main, service))
			continue;
		main_cf_value_of(main, service, "milter_macro_defaults", &list);
		if (gives_login(buf_text(&list)))
			return err_set(
				err, ERR_FAILED,
				_("milter_macro_defaults of %s/%s sets {auth_type} for "
			          "every client, so mail from outside would be signed: "
			          "set it only for submission services, with -o in "
			          "master.cf"),
				service->name, service->type);
	}
	return 0;
}

/* ---- probes ----------------------------------------------------------------------------------- */

/* The list's names; those for which Postfix has a fixed value as "{name=value}". */
static void put_list(const struct main_cf *main, const char *hostname, const char *list,
                     struct buf *into)
{
	static const struct {
		const char *macro, *parameter;
	} fixed[] = {
		{ "daemon_name", "milter_macro_daemon_name" },
		{ "v", "milter_macro_v" },
		{ "j", "myhostname" },
	};
	auto_buf item = BUF_INIT;
	while (item_list_next(&list, &item)) {
		auto_buf value = BUF_INIT;
		for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
			if (strcmp(buf_text(&item), fixed[i].macro) != 0)
				continue;
			main_cf_value(main, NULL, fixed[i].parameter, &value);
			if (!value.len && hostname)
				buf_puts(&value, hostname);
		}
		buf_printf(into, "%s{%s%s%s}", into->len ? " " : "", buf_text(&item),
		           value.len ? "=" : "", buf_text(&value));
	}
	buf_add(into, "", 0);
}

void macros_for_probes(const struct main_cf *main, const char *hostname,
                       struct plan *plan)
{
	static const char *const lists[MACRO_STAGES] = {
		[MACROS_CONNECT] = "milter_connect_macros",
		[MACROS_HELO] = "milter_helo_macros",
		[MACROS_MAIL] = MAIL_MACROS,
		[MACROS_RCPT] = "milter_rcpt_macros",
	};
	for (size_t i = 0; i < plan->count; i++) {
		struct milter_macros *macros = milter_probe_macros(&plan->step[i]);
		for (int stage = 0; macros && stage < MACRO_STAGES; stage++) {
			auto_buf list = BUF_INIT, names = BUF_INIT;
			main_cf_value(main, NULL, lists[stage], &list);
			put_list(main, hostname, buf_text(&list), &names);
			free(macros->list[stage]);
			macros->list[stage] = xstrdup(buf_text(&names));
		}
	}
}
