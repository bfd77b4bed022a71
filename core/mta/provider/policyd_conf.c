/*
 * The file of mailauth-policyd.  Clients that the server relays for must not be checked.  If
 * permit_mynetworks precedes the service they never reach it; for every other position the file
 * lists the networks too.
 */
#include "core/mta/provider/policyd_conf.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/arena.h"
#include "core/base/network.h"
#include "dnszone/verify/policyd_settings.h"

#define NO_NAME "localhost.localdomain"
#define READ_MEMORY ((size_t)4 << 20) /* for the largest file */

struct relays {
	const char **text; /* borrowed, but for those of `owned` */
	size_t count;
	char **owned;
	size_t owned_count;
};

static void relays_done(struct relays *relays)
{
	for (size_t i = 0; i < relays->owned_count; i++)
		free(relays->owned[i]);
	free(relays->owned);
	free(relays->text);
}

/* In mynetworks the first match counts; a network that overlaps an excluded one is left out. */
static bool is_whole(const struct network *net, const struct policyd_host *host)
{
	for (size_t i = 0; i < host->relayed_count; i++) {
		struct network other;
		if (*host->relayed[i] == '!' && network_parse(host->relayed[i], &other) &&
		    (network_holds(net, &other) || network_holds(&other, net)))
			return false;
	}
	return !net->is_excluded;
}

static void find_relays(const struct desired *desired, const struct policyd_host *host,
                        struct relays *relays)
{
	size_t room = desired->trusted_relay_count + host->relayed_count + 1;
	*relays = (struct relays){ .text = xcalloc(room, sizeof(char *)),
		                   .owned = xcalloc(room, sizeof(char *)) };
	for (size_t i = 0; i < desired->trusted_relay_count; i++)
		relays->text[relays->count++] = desired->trusted_relays[i];
	for (size_t i = 0; i < host->relayed_count; i++) {
		struct network net;
		char address[INET6_ADDRSTRLEN];
		if (!network_parse(host->relayed[i], &net) || !is_whole(&net, host))
			continue; /* a table, or a name */
		inet_ntop(net.family, net.octets, address, sizeof(address));
		char *text = xasprintf("%s/%u", address, net.bits);
		relays->owned[relays->owned_count++] = text;
		relays->text[relays->count++] = text;
	}
}

/* The host's full name; false: it is not known, or has one label only. */
static bool find_name(const struct desired *desired, const struct policyd_host *host,
                      char ret_name[NAME_SIZE])
{
	const char *own = desired->authserv_id ? desired->authserv_id : host->hostname;
	struct err ignored = ERR_INIT;
	return own && name_parse_host(own, ret_name, &ignored) == 0;
}

void policyd_conf_name(const struct desired *desired, const struct policyd_host *host,
                       char ret_name[NAME_SIZE])
{
	if (!find_name(desired, host, ret_name))
		memcpy(ret_name, NO_NAME, sizeof(NO_NAME));
}

static int read_back(const struct buf *text, struct err *err)
{
	auto_arena mem = { 0 };
	struct policyd_settings service;
	if (text->len > POLICYD_SIZE_MAX)
		return err_set(
			err, ERR_FAILED,
			_("the settings result in a file of %zu octets; the limit is %d: "
		          "shorten mta.trusted-relays"),
			text->len, POLICYD_SIZE_MAX);
	if (!arena_open(&mem, READ_MEMORY))
		return err_set(err, ERR_FAILED, _("not enough memory to check %s"),
		               POLICYD_CONF);
	return policyd_settings_parse(POLICYD_CONF, buf_text(text), text->len, &mem,
	                              &service, err);
}

int policyd_conf_render(const struct desired *desired, const struct policyd_host *host,
                        struct buf *into, struct err *err)
{
	char name[NAME_SIZE];
	struct relays relays;
	policyd_conf_name(desired, host, name);
	find_relays(desired, host, &relays);
	struct policyd_settings service = policyd_settings_default(name);
	service.is_checked = desired->checks_spf;
	service.verifies_dkim = desired->verifies;
	service.checks_dmarc = desired->verifies && desired->checks_dmarc;
	service.rejects_dmarc = service.checks_dmarc && desired->rejects_dmarc;
	service.dmarc_exceptions =
		(struct policyd_list){ (const char *const *)desired->dmarc_exceptions,
		                       desired->dmarc_exception_count };
	service.spf = desired->spf;
	service.trusted_relays = (struct policyd_list){ relays.text, relays.count };
	policyd_settings_render(&service, into);
	relays_done(&relays);
	return read_back(into, err);
}

int policyd_conf_plan(const struct desired *desired, const struct policyd_host *host,
                      const char *prefix, struct plan *plan, struct err *err)
{
	auto_free char *path = xasprintf("%s" POLICYD_CONF, prefix);
	auto_buf text = BUF_INIT;
	char name[NAME_SIZE];
	int r = policyd_conf_render(desired, host, &text, err);
	if (!find_name(desired, host, name))
		plan_note(
			plan,
			_("the full name of the mail server is not known, so "
		          "the fields that it adds contain %s: run \"mailauthctl server set "
		          "mta.hostname <name>\""),
			NO_NAME);
	if (r == 0)
		plan_file(plan, RANK_TABLES, path, buf_text(&text), text.len,
		          (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID },
		          plan_cause(plan, CAUSE_POLICY));
	return r;
}

void policyd_conf_drop(const char *prefix, struct plan *plan)
{
	auto_free char *path = xasprintf("%s" POLICYD_CONF, prefix);
	plan_remove(plan, RANK_LEFTOVERS, path, 0);
}

/* The settings in a text; false: it has none that can be read. */
static bool read_settings(const struct buf *text, struct arena *mem,
                          struct policyd_settings *ret_service)
{
	struct err ignored = ERR_INIT;
	return arena_open(mem, READ_MEMORY) &&
	       policyd_settings_parse(POLICYD_CONF, buf_text(text), text->len, mem,
	                              ret_service, &ignored) == 0;
}

static bool is_verifying(const struct buf *text)
{
	auto_arena mem = { 0 };
	struct policyd_settings service;
	return read_settings(text, &mem, &service) && service.verifies_dkim;
}

static bool is_refusing(const struct buf *text)
{
	auto_arena mem = { 0 };
	struct policyd_settings service;
	return read_settings(text, &mem, &service) && service.is_checked &&
	       service.spf.mode >= SPF_DEFER_DNS_ERRORS;
}

bool policyd_conf_ends_verifying(const struct plan *plan)
{
	const struct step *step = plan_find_file(plan, POLICYD_CONF);
	return step && step->had_old && is_verifying(&step_old(step)->content) &&
	       !(step->is_present && is_verifying(step_text(step)));
}

char *policyd_conf_verifier(const struct plan *plan, bool *ret_has_dmarc)
{
	const struct step *step = plan_find_file(plan, POLICYD_CONF);
	auto_arena mem = { 0 };
	struct policyd_settings service;
	if (!step || !step->is_present ||
	    !read_settings(step_text(step), &mem, &service) || !service.verifies_dkim)
		return NULL;
	*ret_has_dmarc = service.checks_dmarc;
	return xstrdup(service.hostname);
}

bool policyd_conf_begins_to_refuse(const struct plan *plan)
{
	const struct step *step = plan_find_file(plan, POLICYD_CONF);
	return step && step->is_present && is_refusing(step_text(step)) &&
	       !(step->had_old && is_refusing(&step_old(step)->content));
}
