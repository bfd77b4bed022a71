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
#include "dnszone/name/name.h"
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

static int read_back(const struct buf *text, struct err *err)
{
	auto_arena mem = { 0 };
	struct policyd_settings service;
	if (text->len > POLICYD_SIZE_MAX)
		return err_set(
			err, ERR_FAILED,
			_("the SPF settings result in a file of %zu octets; the limit "
		          "is %d: shorten mta.trusted-relays"),
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
	bool is_known = find_name(desired, host, name);
	find_relays(desired, host, &relays);
	struct policyd_settings service =
		policyd_settings_default(is_known ? name : NO_NAME);
	service.is_checked = desired->checks_spf;
	service.is_one_from = desired->checks_dmarc && desired->rejects_dmarc;
	service.spf = desired->spf;
	if (host->verifies) {
		service.verifies_dkim = desired->verifies;
		service.checks_dmarc = desired->verifies && desired->checks_dmarc;
		service.rejects_dmarc = service.checks_dmarc && desired->rejects_dmarc;
	}
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
		plan_note(plan,
		          _("the full name of the mail server is not known, so "
		            "Received-SPF contains %s: run \"mailauthctl server set "
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

static bool is_refusing(const struct buf *text)
{
	auto_arena mem = { 0 };
	struct policyd_settings service;
	struct err ignored = ERR_INIT;
	return arena_open(&mem, READ_MEMORY) &&
	       policyd_settings_parse(POLICYD_CONF, buf_text(text), text->len, &mem,
	                              &service, &ignored) == 0 &&
	       service.is_checked && service.spf.mode >= SPF_DEFER_DNS_ERRORS;
}

bool policyd_conf_begins_to_refuse(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->step[i];
		if (step->kind == STEP_FILE && step->is_present &&
		    strcmp(step->object, POLICYD_CONF) == 0)
			return is_refusing(step_text(step)) &&
			       !(step->had_old && is_refusing(&step_old(step)->content));
	}
	return false;
}
