/*
 * OpenDKIM's configuration and the steps for its files.
 *
 * Measured with 2.11.0~beta2 of Debian 12: the last value of a keyword counts, across Include too;
 * of InternalHosts the longest prefix counts, and '!' if two are equal; the group of a socket comes
 * from a set-group-id folder.
 */
#include "core/mta/provider/opendkim.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/host/log_line.h"
#include "core/mta/host/service_kind.h"
#include "core/mta/provider/opendkim_conf.h"

void opendkim_render_conf(const struct opendkim_setup *setup, struct buf *into)
{
	buf_puts(into, "# Made by mailauthctl, included by " OPENDKIM_CONF
	               " as its last line.\n"
	               "# Changes here are overwritten.\n\n"
	               "Mode s\n");
	if (setup->socket)
		buf_printf(into, "Socket %s\nUMask 007\n", setup->socket);
	buf_puts(into, "InternalHosts file:" OPENDKIM_INTERNAL_HOSTS "\n"
	               "ExternalIgnoreList file:" OPENDKIM_INTERNAL_HOSTS "\n"
	               "Syslog yes\n"
	               "On-InternalError tempfail\n"
	               "\nKeyTable file:" OPENDKIM_KEY_TABLE "\n"
	               "SigningTable file:" OPENDKIM_SIGNING_TABLE "\n"
	               "RequireSafeKeys yes\n"
	               "Canonicalization relaxed/simple\n"
	               "OversignHeaders From\n");
	/* a message that cannot be signed is deferred, neither sent unsigned nor bounced */
	buf_puts(into, "On-SignatureError tempfail\n");
	if (setup->is_ed25519)
		buf_puts(into, "SignatureAlgorithm ed25519-sha256\n");
	else
		buf_puts(into, "SignatureAlgorithm rsa-sha256\n");
}

/* ---- InternalHosts ----------------------------------------------------------------------------- */

static void add_networks(char *const *texts, size_t count, bool exclude, const char *from,
                         struct networks *set, struct plan *plan)
{
	for (size_t i = 0; i < count; i++) {
		struct network net;
		if (!network_parse(texts[i], &net)) {
			plan_note(plan,
			          _("%s names %s, which cannot be read as a network: "
			            "mail from it is signed only if "
			            "mta.signing-networks contains it"),
			          from, texts[i]);
			continue;
		}
		net.is_excluded = net.is_excluded || exclude;
		if (!net.is_excluded && network_is_world(&net))
			plan_warn(
				plan, "mailauthctl server unset mta.signing-networks",
				_("%s names %s, which is too large for a network of one "
			          "organization: it is not used as a signing network"),
				from, texts[i]);
		else
			networks_add(set, &net);
	}
}

void opendkim_internal_hosts(const struct desired *desired, char *const *relayed,
                             size_t relayed_count, const struct opendkim_doubt *doubt,
                             struct networks *set, struct plan *plan)
{
	static const struct opendkim_doubt none = { 0 };
	doubt = doubt ? doubt : &none;
	bool is_asked = desired->signing_network_count > 0;
	if (is_asked) {
		add_networks(desired->signing_networks, desired->signing_network_count,
		             false, "mta.signing-networks", set, plan);
	} else {
		char own[][24] = { "127.0.0.1", "::1", "127.0.0.0/8",
			           "::ffff:127.0.0.0/104" };
		char *const always[] = { own[0], own[1] };
		char *const loopback[] = { own[1], own[2], own[3] };
		if (!doubt->is_everyone)
			add_networks(relayed, relayed_count, false, "mynetworks", set,
			             plan);
		if (!doubt->is_loopback)
			add_networks(always, ARRAY_LEN(always), false, "loopback", set,
			             plan);
		else
			add_networks(loopback, ARRAY_LEN(loopback), true, "loopback", set,
			             plan);
		add_networks(doubt->host, doubt->hosts, true, "content_filter", set,
		             plan);
	}
	add_networks(desired->trusted_relays, desired->trusted_relay_count, true,
	             "mta.trusted-relays", set, plan);
}

/* ---- steps ------------------------------------------------------------------------------------ */

void opendkim_plan_done(struct opendkim_plan *found)
{
	free(found->signing_name);
	free(found->signing_selector);
	free(found->stopped_name);
	*found = (struct opendkim_plan){ 0 };
}

static void put(struct plan *plan, enum step_rank rank,
                const struct opendkim_place *place, const char *path, struct buf *content,
                unsigned causes)
{
	auto_free char *full = xasprintf("%s%s", place->prefix, path);
	plan_file_take(plan, rank, full, content, place->table, causes);
}

static void drop(struct plan *plan, const struct opendkim_place *place, const char *path)
{
	auto_free char *full = xasprintf("%s%s", place->prefix, path);
	plan_remove(plan, RANK_LEFTOVERS, full, 0);
}

static int add_row(void *arg, const struct signing_row *row, struct err *err)
{
	return opendkim_tables_add(arg, row, err);
}

static int prove(const struct opendkim_tables *tables, struct err *err)
{
	return opendkim_check_tables(buf_text(&tables->keys), buf_text(&tables->signing),
	                             NULL, NULL, err);
}

/* The rows are also passed to `keys`. */
static int make_tables(const struct desired *desired, struct opendkim_keys *keys,
                       const struct opendkim_place *place, struct opendkim_tables *tables,
                       struct err *err)
{
	struct err ignored = ERR_INIT;
	tables->chosen = opendkim_keys_chosen;
	tables->arg = keys;
	int r = opendkim_tables_keep(desired, keys, place, tables, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = opendkim_tables_renew(desired, keys, place, tables, err);
	if (r < 0 || (r > 0 && prove(tables, &ignored) == 0))
		return r < 0 ? r : 0;
	buf_clear(&tables->keys);
	buf_clear(&tables->signing);
	r = desired_each_signing(desired, add_row, tables, err);
	if (r == 0)
		r = opendkim_tables_end(tables, err);
	return r == 0 ? prove(tables, err) : r;
}

static void plan_conf(const struct opendkim_place *place,
                      const struct opendkim_setup *setup, const struct networks *internal,
                      struct opendkim_tables *tables, struct plan *plan)
{
	auto_buf hosts = BUF_INIT, conf = BUF_INIT;
	struct opendkim_setup whole = *setup;
	whole.is_ed25519 = tables->is_ed25519;
	if (!tables->is_as_pushed) { /* else megabytes if there are many names */
		put(plan, RANK_TABLES, place, OPENDKIM_KEY_TABLE, &tables->keys,
		    plan_cause(plan, CAUSE_TABLES));
		put(plan, RANK_TABLES, place, OPENDKIM_SIGNING_TABLE, &tables->signing,
		    plan_cause(plan, CAUSE_TABLES));
		auto_free char *keys =
			xasprintf("%s%s", place->prefix, OPENDKIM_KEY_TABLE);
		auto_free char *signing =
			xasprintf("%s%s", place->prefix, OPENDKIM_SIGNING_TABLE);
		plan_names(plan, signing, keys);
	}
	drop(plan, place, OPENDKIM_FINAL);
	networks_render(internal, &hosts);
	put(plan, RANK_TABLES, place, OPENDKIM_INTERNAL_HOSTS, &hosts,
	    plan_cause(plan, CAUSE_TABLES));
	opendkim_render_conf(&whole, &conf);
	put(plan, setup->rank, place, OPENDKIM_OURS, &conf,
	    plan_cause(plan, CAUSE_FILTER));
}

/* If signing begins or ends here, or moves to another folder, every name changed: the tables of the
 * last push list them. */
static int see_all_where_needed(const struct desired **desired,
                                const struct opendkim_place *place, bool signs,
                                struct desired *whole, struct err *err)
{
	auto_free char *table = xasprintf("%s" OPENDKIM_SIGNING_TABLE, place->prefix);
	bool has_signed;
	int r = desired_owns(*desired, table, &has_signed, err);
	if (r == 0 && has_signed != signs && !(*desired)->is_everything) {
		*whole = **desired;
		whole->is_everything = true;
		whole->since = 0;
		*desired = whole;
	}
	return r;
}

int opendkim_plan_files(const struct desired *desired, const struct opendkim_place *place,
                        const struct opendkim_setup *setup,
                        const struct networks *internal, bool is_active,
                        struct plan *plan, struct opendkim_plan *ret_found,
                        struct err *err)
{
	static const char *const ours[] = { OPENDKIM_OURS, OPENDKIM_SIGNING_TABLE,
		                            OPENDKIM_KEY_TABLE, OPENDKIM_INTERNAL_HOSTS,
		                            OPENDKIM_FINAL };
	struct opendkim_keys *keys = NULL;
	struct opendkim_tables tables = { 0 };
	struct desired whole;
	int r = see_all_where_needed(&desired, place, is_active, &whole, err);
	if (r == 0)
		r = opendkim_keys_new(desired, &keys, err);
	if (r == 0 && is_active)
		r = make_tables(desired, keys, place, &tables, err);
	if (r == 0)
		r = opendkim_keys_plan(keys, place, plan, ret_found, err);
	if (r == 0 && is_active)
		plan_conf(place, setup, internal, &tables, plan);
	for (size_t i = 0; r == 0 && !is_active && i < ARRAY_LEN(ours); i++)
		drop(plan, place, ours[i]);
	opendkim_tables_done(&tables);
	opendkim_keys_free(keys);
	return r;
}

/* ---- the service ------------------------------------------------------------------------------- */

static bool is_refusal(const struct log_line *line, const char *log_name)
{
	return log_line_is_of(line, log_name) &&
	       (log_line_begins(line, OPENDKIM_CONF ": ") ||
	        log_line_has(line, ": configuration error at line "));
}

/* SIGHUP ends OpenDKIM 2.11; SIGUSR1 is its reload. */
const struct service_kind opendkim_service = {
	.name = "opendkim",
	.config = OPENDKIM_CONF,
	.config_option = "-x",
	.pid_file = "/run/opendkim/opendkim.pid",
	.reload_signal = SIGUSR1,
	.is_refusal = is_refusal,
};
