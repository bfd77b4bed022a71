/*
 * Faults that Postfix reports only when a message arrives: "bad command startup", "unrecognized
 * default action", "unsupported dictionary type" in its log, and 451 for the client.  Healthy hosts
 * have some; callers compare new faults with old ones.
 */
#include "core/mta/postfix/postfix_values.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/item_list.h"
#include "core/mta/provider/opendkim_conf.h"

#define SOCKET_PATH_MOST 107 /* sun_path without its NUL */

void faults_done(struct faults *faults)
{
	for (size_t i = 0; i < faults->count; i++)
		free(faults->text[i]);
	free(faults->text);
	*faults = FAULTS_INIT;
}

const char *faults_new(const struct faults *now, const struct faults *before)
{
	for (size_t i = 0; i < now->count; i++) {
		bool is_old = false;
		for (size_t k = 0; k < before->count && !is_old; k++)
			is_old = strcmp(now->text[i], before->text[k]) == 0;
		if (!is_old)
			return now->text[i];
	}
	return NULL;
}

static void add(struct faults *faults, const char *fmt, ...) printf_like(2, 3);
static void add(struct faults *faults, const char *fmt, ...)
{
	va_list ap;
	GROW(faults->text, faults->count, faults->room);
	va_start(ap, fmt);
	faults->text[faults->count++] = xvasprintf(fmt, ap);
	va_end(ap);
}

/* ---- words, braces, tables -------------------------------------------------------------------- */

#define ACTIONS "accept quarantine reject tempfail"

static const struct words_row {
	const char *name;
	const char *words;
	bool is_list;
} words_table[] = {
	{ "canonical_classes",
	  "envelope_sender envelope_recipient header_sender header_recipient", true },
	{ "milter_default_action", ACTIONS, false },
	{ "recipient_canonical_classes", "envelope_recipient header_recipient", true },
	{ "sender_canonical_classes", "envelope_sender header_sender", true },
};

static bool is_word_of(const char *word, const char *words)
{
	auto_free char *all = xasprintf(" %s ", words);
	auto_free char *framed = xasprintf(" %s ", word);
	return *word && !strpbrk(word, " \t") && strcasestr(all, framed);
}

static void check_words(const struct words_row *row, const char *where, const char *value,
                        struct faults *faults)
{
	auto_buf item = BUF_INIT;
	size_t count = 0;
	for (const char *at = value; item_list_next(&at, &item); count++)
		if (!is_word_of(buf_text(&item), row->words))
			add(faults, _("%s of %s is \"%s\", which is not one of %s"),
			    row->name, where, buf_text(&item), row->words);
	if (count == 0 || (!row->is_list && count > 1))
		add(faults, _("%s of %s is \"%s\", but must be one of %s"), row->name,
		    where, value, row->words);
}

static bool is_protocol(const char *text)
{
	static const char *const versions[] = { "2", "3", "4", "6" };
	size_t len = strcspn(text, ", \t");
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (strlen(versions[i]) == len && strncmp(text, versions[i], len) == 0)
			return true;
	return false;
}

static void check_braces(const char *name, const char *value, struct faults *faults)
{
	long level = 0;
	for (const char *c = value; *c && level >= 0; c++)
		level += (*c == '{') - (*c == '}');
	if (level)
		add(faults, _("%s has unbalanced braces: \"%s\""), name, value);
}

/* "proxy:hash:/x" is of two types. */
static void check_types(const char *name, const char *value, const char *types,
                        struct faults *faults)
{
	auto_buf item = BUF_INIT;
	while (item_list_next(&value, &item)) {
		const char *at = buf_text(&item);
		for (bool is_proxy = true; is_proxy;) {
			size_t len = strcspn(at, ":");
			auto_free char *type = xmemdup(at, len);
			auto_free char *line = xasprintf("\n%s\n", type);
			is_proxy = strcmp(type, "proxy") == 0 && at[len];
			if (at[len] && *type != '/' && !strstr(types, line))
				add(faults,
				    _("%s names a table of the type %s (\"%s\"), which "
				      "this Postfix does not support (run \"postconf "
				      "-m\" to list its types)"),
				    name, type, buf_text(&item));
			at += len + (at[len] == ':');
		}
	}
}

/* ---- endpoints -------------------------------------------------------------------------------- */

static bool is_port(const char *text)
{
	int64_t number;
	if (isdigit((unsigned char)*text))
		return text_to_int(text, 1, 65535, &number);
	return *text &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
	                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] == '\0';
}

const char *postfix_endpoint_fault(const char *endpoint)
{
	if (text_starts(endpoint, "unix:")) {
		size_t len = strlen(endpoint + strlen("unix:"));
		if (len == 0)
			return N_("it contains no path");
		return len > SOCKET_PATH_MOST ? N_("its path is longer than 107 octets")
		                              : NULL;
	}
	if (!text_starts(endpoint, "inet:"))
		return N_("it begins neither with unix: nor with inet:");
	const char *host = endpoint + strlen("inet:");
	const char *colon = strrchr(host, ':');
	const char *port = colon ? colon + 1 : host;
	if (!is_port(port))
		return N_("it does not end in a port (inet:host:port)");
	if (colon == host)
		return N_("it contains no host");
	if (colon && *host == '[' && colon[-1] != ']')
		return N_("its host has an unclosed bracket");
	return NULL;
}

static bool is_time(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	return digits > 0 && digits < 10 &&
	       (!text[digits] || (strchr("smhdw", text[digits]) && !text[digits + 1]));
}

static bool is_option(const char *name, const char *value)
{
	static const char *const times[] = { "connect_timeout", "command_timeout",
		                             "content_timeout" };
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		if (strcmp(name, times[i]) == 0)
			return is_time(value);
	if (strcmp(name, "default_action") == 0)
		return is_word_of(value, ACTIONS);
	return strcmp(name, "protocol") == 0 && is_protocol(value);
}

/* "endpoint, name = value, ..." of one milter. */
static void check_milter(const char *list, const char *item, struct faults *faults)
{
	auto_buf part = BUF_INIT;
	const char *at = item;
	const char *why = item_list_next(&at, &part)
	                          ? postfix_endpoint_fault(buf_text(&part))
	                          : N_("it is empty");
	if (why)
		add(faults, _("%s names an invalid milter, \"%s\": %s"), list, item,
		    _(why));
	const char *equals = strchr(at, '=');
	for (; equals; equals = strchr(at, '=')) {
		auto_free char *name = xmemdup(at, (size_t)(equals - at));
		size_t first = strspn(name, ", \t\r\n");
		size_t len = strcspn(name + first, " \t\r\n");
		name[first + len] = '\0';
		at = equals + 1;
		auto_buf value = BUF_INIT;
		if (!item_list_next(&at, &value) ||
		    !is_option(name + first, buf_text(&value)))
			add(faults,
			    _("%s sets the milter option %s=%s, which is not valid"),
			    list, name + first, buf_text(&value));
	}
}

static bool has_service(const struct master_cf *master, const char *type,
                        const char *name)
{
	for (size_t i = 0; i < master->count; i++)
		if (strcmp(master->service[i].type, type) == 0 &&
		    strcmp(master->service[i].name, name) == 0)
			return true;
	return false;
}

/* The endpoint after each check_policy_service; "unix:private/x" is a service of master.cf, and a
 * missing one stops all mail unless it has a default action. */
static void check_policies(const char *list, const char *value,
                           const struct master_cf *master, struct faults *faults)
{
	static const char own[] = "unix:private/";
	auto_buf item = BUF_INIT, endpoint = BUF_INIT;
	for (bool is_next = false; item_list_next(&value, &item);) {
		const char *at = buf_text(&item);
		bool is_policy = is_next;
		is_next = strcmp(at, "check_policy_service") == 0;
		if (!is_policy || !item_list_next(&at, &endpoint))
			continue;
		const char *why = postfix_endpoint_fault(buf_text(&endpoint));
		if (why)
			add(faults, _("%s uses the policy service \"%s\": %s"), list,
			    buf_text(&endpoint), _(why));
		else if (text_starts(buf_text(&endpoint), own) &&
		         !strstr(at, "default_action") &&
		         !has_service(master, "unix", buf_text(&endpoint) + strlen(own)))
			add(faults,
			    _("%s uses the policy service \"%s\", but master.cf has no "
			      "service of that name"),
			    list, buf_text(&endpoint));
	}
}

/* ---- all of it -------------------------------------------------------------------------------- */

static void check_value(const char *name, const char *where, const char *value,
                        const struct master_cf *master, const char *types,
                        struct faults *faults)
{
	static const char *const lists[] = { "smtpd_milters", "non_smtpd_milters" };
	auto_buf item = BUF_INIT;
	for (size_t i = 0; i < ARRAY_LEN(words_table); i++)
		if (strcmp(words_table[i].name, name) == 0)
			check_words(&words_table[i], where, value, faults);
	if (strcmp(name, "milter_protocol") == 0 && !is_protocol(value))
		add(faults, _("%s of %s is \"%s\", but must be 2, 3, 4 or 6"), name,
		    where, value);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (const char *at = value;
		     strcmp(lists[i], name) == 0 && item_list_next(&at, &item);)
			check_milter(name, buf_text(&item), faults);
	if (types && text_ends(name, "_maps"))
		check_types(name, value, types, faults);
	if (text_starts(name, "smtpd_") && text_ends(name, "_restrictions"))
		check_policies(name, value, master, faults);
}

void postfix_values_check(const struct main_cf *cf, const struct master_cf *master,
                          const char *types, struct faults *ret_faults)
{
	auto_free char *framed = types ? xasprintf("\n%s\n", types) : NULL;
	*ret_faults = FAULTS_INIT;
	for (size_t i = 0; i < cf->count; i++) {
		const struct main_def *def = &cf->def[i];
		auto_free char *name = xmemdup(cf->text + def->name, def->name_len);
		auto_buf raw = BUF_INIT, value = BUF_INIT;
		if (main_cf_find(cf, name) != def || !main_cf_raw(cf, name, &raw))
			continue;
		check_braces(name, buf_text(&raw), ret_faults);
		main_cf_value(cf, NULL, name, &value);
		check_value(name, "main.cf", buf_text(&value), master, framed,
		            ret_faults);
	}
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		for (size_t k = 0; k < service->options; k++) {
			const char *equals = strchr(service->option[k], '=');
			auto_buf value = BUF_INIT;
			if (!equals)
				continue;
			auto_free char *name =
				xmemdup(service->option[k],
			                (size_t)(equals - service->option[k]));
			check_braces(name, equals + 1, ret_faults);
			main_cf_value_of(cf, service, name, &value);
			check_value(name, service->name, buf_text(&value), master, framed,
			            ret_faults);
		}
	}
}

/* ---- chroots ---------------------------------------------------------------------------------- */

bool postfix_is_chrooted(const struct main_cf *cf, const struct master_service *service)
{
	auto_buf level = BUF_INIT;
	if (strcmp(service->chroot, "-") != 0)
		return *service->chroot == 'y';
	main_cf_value(cf, NULL, "compatibility_level", &level);
	return strtol(buf_text(&level), NULL, 10) < 1;
}

/* The milters that a service uses, expanded.  False: it uses none. */
static bool milters_of(const struct main_cf *cf, const struct master_service *service,
                       const char **ret_list, struct buf *into)
{
	bool is_smtpd = strcmp(service->command, "smtpd") == 0;
	if (!is_smtpd && strcmp(service->command, "cleanup") != 0)
		return false;
	*ret_list = is_smtpd ? "smtpd_milters" : "non_smtpd_milters";
	main_cf_value_of(cf, service, *ret_list, into);
	return true;
}

struct reach {
	const char *queue_dir, *socket, *filter;
	bool (*is_there)(void *arg, const char *path);
	void *arg;
	struct faults *faults;
};

/* True: the endpoint means the socket. */
static bool check_reach(const struct reach *reach, const struct master_service *service,
                        bool is_chrooted, const char *list, const char *endpoint)
{
	auto_free char *plain = opendkim_endpoint(endpoint, reach->queue_dir);
	auto_free char *inside =
		plain && text_starts(plain, "unix:/")
			? xasprintf("unix:%s%s", reach->queue_dir, plain + 5)
			: NULL;
	bool is_relative = inside && !text_starts(endpoint, "unix:/");
	if (!text_same(plain, reach->socket) && !text_same(inside, reach->socket))
		return false;
	const char *seen = is_chrooted ? inside : plain;
	if (is_relative || !inside || strcmp(seen, reach->socket) == 0 ||
	    (reach->is_there && reach->is_there(reach->arg, seen + 5)))
		return true;
	if (is_chrooted)
		add(reach->faults,
		    _("the service %s (%s) of master.cf runs in the chroot %s and "
		      "cannot reach %s of %s, which is outside: %s listens on %s; "
		      "remove it from %s (mailauthctl then adds a socket inside the "
		      "chroot), or write n into the fifth column of that service"),
		    service->name, service->command, reach->queue_dir, endpoint, list,
		    reach->filter, reach->socket + 5, list);
	else
		add(reach->faults,
		    _("the service %s (%s) of master.cf does not run in a chroot and "
		      "does not find %s of %s: %s listens on %s; name that path "
		      "relative to %s, which works in both cases"),
		    service->name, service->command, endpoint, list, reach->filter,
		    reach->socket + 5, reach->queue_dir);
	return true;
}

bool postfix_reach_check(const struct main_cf *cf, const struct master_cf *master,
                         const char *queue_dir, const char *socket, const char *filter,
                         bool (*is_there)(void *arg, const char *path), void *arg,
                         struct faults *ret_faults)
{
	const struct reach reach = {
		.queue_dir = queue_dir,
		.socket = socket,
		.filter = filter,
		.is_there = is_there,
		.arg = arg,
		.faults = ret_faults,
	};
	bool is_used = false;
	*ret_faults = FAULTS_INIT;
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		auto_buf value = BUF_INIT, item = BUF_INIT;
		const char *list, *at;
		if (!milters_of(cf, service, &list, &value))
			continue;
		for (at = buf_text(&value); item_list_next(&at, &item);) {
			auto_free char *endpoint = xmemdup(
				buf_text(&item), strcspn(buf_text(&item), ", \t\r\n"));
			is_used |= check_reach(&reach, service,
			                       postfix_is_chrooted(cf, service), list,
			                       endpoint);
		}
	}
	return is_used;
}
