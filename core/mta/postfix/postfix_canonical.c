/*
 * SRS among an administrator's settings.
 *
 * cleanup(8) queries every table of a list with the whole address before any with the domain only:
 * a table of SRS after others does not override their entries for whole addresses.  The classes
 * apply to all tables of a list, so headers are rewritten for all or for none.
 */
#include "core/mta/postfix/postfix_canonical.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/item_list.h"
#include "core/mta/postfix/postfix_services.h"

const char *const canonical_domain_lists[4] = { "mydestination", "virtual_alias_domains",
	                                        "virtual_mailbox_domains",
	                                        "relay_domains" };

static bool is_empty(const char *list)
{
	return list[strspn(list, ", \t\r\n")] == '\0';
}

static bool has_command(const struct master_service *service, const char *command)
{
	return strcmp(service->command, command) == 0;
}

/* ---- conflicts ---------------------------------------------------------------------------------- */

static char *foreign_table(const struct main_cf *cf)
{
	static const char *const lists[] = { "sender_canonical_maps",
		                             "recipient_canonical_maps",
		                             "canonical_maps" };
	auto_buf item = BUF_INIT;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		auto_buf value = BUF_INIT;
		main_cf_value(cf, NULL, lists[i], &value);
		const char *at = buf_text(&value);
		while (item_list_next(&at, &item))
			if (text_starts(buf_text(&item), "tcp:") ||
			    text_starts(buf_text(&item), "socketmap:"))
				return xasprintf(
					_("%s names %s, which appears to be another "
				          "SRS service: remove it from main.cf; "
				          "mailauthctl adds the tables of postsrsd "
				          "itself"),
					lists[i], buf_text(&item));
	}
	return NULL;
}

static char *foreign_milter(const struct main_cf *cf)
{
	static const char *const lists[] = { "smtpd_milters", "non_smtpd_milters" };
	auto_buf item = BUF_INIT;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		auto_buf value = BUF_INIT;
		main_cf_value(cf, NULL, lists[i], &value);
		const char *at = buf_text(&value);
		while (item_list_next(&at, &item))
			if (strcasestr(buf_text(&item), "srs"))
				return xasprintf(
					_("%s names %s, which appears to be another "
				          "SRS service: remove it from main.cf first"),
					lists[i], buf_text(&item));
	}
	return NULL;
}

static char *class_conflict(const struct main_cf *cf)
{
	auto_buf maps = BUF_INIT, classes = BUF_INIT, common = BUF_INIT;
	auto_buf common_classes = BUF_INIT, recipient = BUF_INIT, item = BUF_INIT;
	main_cf_value(cf, NULL, "sender_canonical_maps", &maps);
	main_cf_value(cf, NULL, "sender_canonical_classes", &classes);
	main_cf_value(cf, NULL, "canonical_maps", &common);
	main_cf_value(cf, NULL, "canonical_classes", &common_classes);
	main_cf_value(cf, NULL, "recipient_canonical_classes", &recipient);
	bool is_set = main_cf_find(cf, "sender_canonical_classes") &&
	              !is_empty(buf_text(&classes));
	const char *at = buf_text(&classes);
	while ((is_set || !is_empty(buf_text(&maps))) && item_list_next(&at, &item))
		if (strcasecmp(buf_text(&item), "envelope_sender") != 0)
			return xasprintf(
				_("sender_canonical_classes contains %s, and SRS would "
			          "rewrite that, too: set sender_canonical_classes = "
			          "envelope_sender in main.cf if the tables of "
			          "sender_canonical_maps allow it"),
				buf_text(&item));
	if (!is_empty(buf_text(&common)) &&
	    item_list_has(buf_text(&common_classes), "envelope_sender"))
		return xasprintf(
			_("canonical_maps rewrites envelope senders, and SRS before it "
		          "would pass it addresses that it does not expect: set "
		          "canonical_classes without envelope_sender in main.cf, or "
		          "name the required tables in sender_canonical_maps"));
	if (!item_list_has(buf_text(&recipient), "envelope_recipient"))
		return xasprintf(
			_("recipient_canonical_classes does not contain "
		          "envelope_recipient, so bounces could not be delivered: add "
		          "it in main.cf"));
	return NULL;
}

/* The first of our parameters that the service sets itself; NULL: none. */
static const char *own_setting(const struct master_service *service)
{
	static const char *const names[] = { "sender_canonical_maps",
		                             "sender_canonical_classes",
		                             "recipient_canonical_maps",
		                             "recipient_canonical_classes" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (master_override(service, names[i]))
			return names[i];
	return NULL;
}

/* The cleanup service of mail for which no other is named. */
static bool is_main_cleanup(const struct main_cf *cf,
                            const struct master_service *service)
{
	auto_buf name = BUF_INIT;
	main_cf_value(cf, NULL, "cleanup_service_name", &name);
	return has_command(service, "cleanup") &&
	       strcmp(service->name, name.len ? buf_text(&name) : "cleanup") == 0;
}

static bool maps_nothing(const struct main_cf *cf, const struct master_service *service)
{
	auto_buf options = BUF_INIT;
	main_cf_value_of(cf, service, "receive_override_options", &options);
	return item_list_has(buf_text(&options), "no_address_mappings");
}

static char *service_conflict(const struct main_cf *cf, const struct master_cf *master)
{
	size_t takers = 0, deaf = 0;
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		const char *own =
			is_main_cleanup(cf, service) ? own_setting(service) : NULL;
		if (own)
			return xasprintf(
				_("%s/%s in master.cf sets %s itself, so the value of "
			          "main.cf does not apply: move that to main.cf"),
				service->name, service->type, own);
		if (!has_command(service, "smtpd"))
			continue;
		takers++;
		deaf += maps_nothing(cf, service);
	}
	if (takers == 0 || deaf < takers)
		return NULL;
	return xasprintf(
		_("receive_override_options has no_address_mappings for every smtpd "
	          "service, so no address would be rewritten: remove it either where "
	          "mail returns from the content filter, or where mail arrives"));
}

char *canonical_conflict(const struct main_cf *cf, const struct master_cf *master)
{
	char *why = foreign_table(cf);
	if (!why)
		why = foreign_milter(cf);
	if (!why)
		why = class_conflict(cf);
	return why ? why : service_conflict(cf, master);
}

/* ---- what is out of reach ----------------------------------------------------------------------- */

static bool is_among(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static bool has_filter(const struct main_cf *cf, const struct master_service *service)
{
	auto_buf content = BUF_INIT, proxy = BUF_INIT;
	main_cf_value_of(cf, service, "content_filter", &content);
	main_cf_value_of(cf, service, "smtpd_proxy_filter", &proxy);
	return !is_empty(buf_text(&content)) || !is_empty(buf_text(&proxy));
}

void canonical_note_reach(const struct main_cf *cf, const struct master_cf *master,
                          void (*say)(void *arg, const char *sentence), void *arg)
{
	auto_services services = SERVICES_INIT;
	services_read(cf, master, NULL, false, &services);
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		const char *own =
			has_command(service, "cleanup") ? own_setting(service) : NULL;
		auto_free char *text = NULL;
		if (own)
			text = xasprintf(
				_("%s/%s in master.cf sets %s itself: mail through it is "
			          "not rewritten for SRS"),
				service->name, service->type, own);
		else if ((has_command(service, "smtpd") ||
		          has_command(service, "pickup")) &&
		         maps_nothing(cf, service) && !has_filter(cf, service) &&
		         !is_among(services.ways.reinjecting, service->name))
			text = xasprintf(_("%s/%s has receive_override_options with "
			                   "no_address_mappings: mail through it is not "
			                   "rewritten for SRS"),
			                 service->name, service->type);
		if (text)
			say(arg, text);
	}
}

/* ---- Return-Path -------------------------------------------------------------------------------- */

/* The program of a transport, "lmtp" of "lmtp:unix:private/dovecot"; borrowed, NULL: unknown. */
static const char *transport_command(const struct master_cf *master,
                                     const char *transport)
{
	size_t len = strcspn(transport, ": \t");
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		if (strcmp(service->type, "inet") != 0 && strlen(service->name) == len &&
		    memcmp(service->name, transport, len) == 0)
			return service->command;
	}
	return NULL;
}

static void note_transport(const struct main_cf *cf, const struct master_cf *master,
                           const char *parameter,
                           void (*say)(void *arg, const char *sentence), void *arg)
{
	auto_buf value = BUF_INIT;
	main_cf_value(cf, NULL, parameter, &value);
	const char *command = transport_command(master, buf_text(&value));
	if (command && strcmp(command, "lmtp") == 0)
		return;
	auto_free char *text = xasprintf(
		_("Return-Path will contain the SRS address of an external sender in "
	          "mail that is delivered by %s = %s: only delivery over LMTP restores "
	          "the sender"),
		parameter, buf_text(&value));
	say(arg, text);
}

/* Whether mydestination contains only names of loopback, to which no foreign mail is addressed. */
static bool is_only_localhost(const struct main_cf *cf)
{
	auto_buf text = BUF_INIT, list = BUF_INIT, item = BUF_INIT;
	auto_main_cf named;
	/* Postfix determines its name if main.cf has none */
	buf_printf(&text, "myhostname = host.invalid\nmydomain = invalid\n");
	buf_add(&text, cf->text, cf->len);
	main_cf_parse(&named, buf_text(&text), text.len);
	main_cf_value(&named, NULL, "mydestination", &list);
	for (const char *at = buf_text(&list); item_list_next(&at, &item);)
		if (strcasecmp(buf_text(&item), "localhost") != 0 &&
		    strncasecmp(buf_text(&item), "localhost.", strlen("localhost.")) != 0)
			return false;
	return true;
}

void canonical_note_delivery(const struct main_cf *cf, const struct master_cf *master,
                             void (*say)(void *arg, const char *sentence), void *arg)
{
	auto_buf transport = BUF_INIT, mailbox = BUF_INIT, virtual = BUF_INIT;
	main_cf_value(cf, NULL, "local_transport", &transport);
	main_cf_value(cf, NULL, "mailbox_transport", &mailbox);
	main_cf_value(cf, NULL, "virtual_mailbox_domains", &virtual);
	const char *command = transport_command(master, buf_text(&transport));
	bool is_local = !command || strcmp(command, "local") == 0;
	if (!is_only_localhost(cf))
		note_transport(cf, master,
		               is_local && !is_empty(buf_text(&mailbox))
		                       ? "mailbox_transport"
		                       : "local_transport",
		               say, arg);
	if (!is_empty(buf_text(&virtual)))
		note_transport(cf, master, "virtual_transport", say, arg);
}

/* ---- domains that are accepted -------------------------------------------------------------------- */

/* A file of patterns, with its comments blanked.  The caller frees. */
static char *read_patterns(const struct acceptance_source *source, const char *path)
{
	char *text = source->read(source->arg, path);
	for (char *line = text; line && *line;
	     line += strcspn(line, "\n"), line += *line == '\n')
		if (line[strspn(line, " \t")] == '#')
			memset(line, ' ', strcspn(line, "\n"));
	return text;
}

static enum acceptance accepts(const char *list, const char *domain,
                               const struct acceptance_source *source, unsigned level,
                               bool *ret_is_found)
{
	auto_buf item = BUF_INIT;
	enum acceptance all = ACCEPT_NO;
	while (!*ret_is_found && item_list_next(&list, &item)) {
		const char *text = buf_text(&item);
		bool is_not = *text == '!';
		enum acceptance one = ACCEPT_NO;
		text += is_not;
		if (*text == '/' && level == 0) {
			auto_free char *inner = read_patterns(source, text);
			one = inner ? accepts(inner, domain, source, 1, ret_is_found)
			            : ACCEPT_UNKNOWN;
			*ret_is_found = false;
		} else if (strchr(text, ':') && *text != '[') {
			one = source->look_up(source->arg, text, domain);
		} else if (strcasecmp(text, domain) == 0) {
			one = ACCEPT_YES;
		}
		*ret_is_found = one == ACCEPT_YES;
		if (*ret_is_found)
			return is_not ? ACCEPT_NO : ACCEPT_YES;
		if (one == ACCEPT_UNKNOWN)
			all = ACCEPT_UNKNOWN;
	}
	return all;
}

enum acceptance canonical_accepts(const char *list, const char *domain,
                                  const struct acceptance_source *source)
{
	bool is_found = false;
	return accepts(list, domain, source, 0, &is_found);
}

static void each_domain(const char *list, const struct acceptance_source *source,
                        unsigned level, void (*each)(void *arg, const char *domain),
                        void *arg)
{
	auto_buf item = BUF_INIT;
	while (item_list_next(&list, &item)) {
		const char *text = buf_text(&item);
		if (*text == '/' && level == 0) {
			auto_free char *inner = read_patterns(source, text);
			if (inner)
				each_domain(inner, source, 1, each, arg);
		} else if (!strpbrk(text, ":/![") && strchr(text, '.')) {
			each(arg, text);
		}
	}
}

void canonical_each_domain(const char *list, const struct acceptance_source *source,
                           void (*each)(void *arg, const char *domain), void *arg)
{
	each_domain(list, source, 0, each, arg);
}
