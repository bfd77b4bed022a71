/*
 * postsrsd: its present state, and the steps.
 *
 * A postsrsd that does not run makes Postfix defer all mail, so it gets only settings that were
 * checked here, and its answers are checked before main.cf names it: a foreign sender is rewritten
 * and restored, one of ours is not changed.  A restart takes less than a second, and Postfix
 * retries a table that does not answer for nine.
 */
#include "core/mta/provider/postsrsd.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/names.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/model/setting/srs_secret.h"
#include "core/mta/host/service.h"
#include "core/mta/probe/map_probe.h"
#include "core/mta/provider/postsrsd_conf.h"

#define TEXT_LIMIT ((size_t)1 << 20)
#define DEFAULT_FORWARD "10001"
#define DEFAULT_REVERSE "10002"
#define DEFAULT_SOCKETMAP "unix:/var/spool/postfix/srs"
/* A sender that does not exist, to test the rewriting. */
#define FOREIGN_SENDER "mailauth-probe@forwarded.invalid"
#define OWN_SENDER "mailauth-probe@%s"
#define ASKED_FIRST "regexp:" POSTSRSD_KEEP ", "

void postsrsd_observed_done(struct postsrsd_observed *observed)
{
	free(observed->version);
	free(observed->start_command);
	free(observed->conf_path);
	buf_done(&observed->admin_text);
	postsrsd_conf_done(&observed->admin);
	free(observed->our_domain);
	free(observed->why_not);
	free(observed->secret_path);
	secret_done(&observed->admin_secret);
	*observed = (struct postsrsd_observed){ 0 };
}

/* ---- observing --------------------------------------------------------------------------------- */

static bool is_there(struct ctx *ctx, const char *path, bool is_folder)
{
	struct file_info info;
	struct err ignored = ERR_INIT;
	return file_look(ctx, path, true, &info, &ignored) == 0 &&
	       info.kind == (is_folder ? FILE_DIRECTORY : FILE_REGULAR);
}

bool postsrsd_is_installed(struct ctx *ctx)
{
	if (!ctx->is_rooted)
		return run_can_find(ctx, "postsrsd");
	return is_there(ctx, POSTSRSD_DEFAULT, false) ||
	       is_there(ctx, POSTSRSD_CONF, false);
}

/* "1.10", or "postsrsd 2.0.10".  Otherwise its configuration file determines the version. */
static void read_version(struct ctx *ctx, struct postsrsd_observed *observed)
{
	static const char *const argv[] = { "postsrsd", "-v", NULL };
	struct run_spec spec = { .argv = argv };
	struct run_result result = { 0 };
	struct err ignored = ERR_INIT;
	if (!ctx->is_rooted && run(ctx, &spec, &result, &ignored) == 0) {
		const char *text = buf_text(&result.out);
		while (*text && !isdigit((unsigned char)*text))
			text++;
		size_t len = strspn(text, "0123456789.");
		if (len && strchr(text, '.'))
			observed->version = xmemdup(text, len);
		run_result_done(&result);
	}
	observed->is_v2 = observed->version ? strtol(observed->version, NULL, 10) >= 2
	                                    : is_there(ctx, POSTSRSD_CONF, false);
}

/* The real file at the end of links, or the path of a new one. */
static int read_text(struct ctx *ctx, const char *path, struct buf *into, char **ret_real,
                     bool *ret_is_there, struct err *err)
{
	int r = file_read(ctx, path, TEXT_LIMIT, into, NULL, err);
	*ret_is_there = r == 0;
	if (r == 0)
		return file_real_path(ctx, path, ret_real, err);
	if (r != ERR_MISSING)
		return r;
	err_clear(err);
	*ret_real = xstrdup(path);
	return 0;
}

static int read_conf(struct ctx *ctx, struct postsrsd_observed *observed, struct err *err)
{
	auto_buf text = BUF_INIT;
	struct err unusable = ERR_INIT;
	int r = read_text(ctx, observed->is_v2 ? POSTSRSD_CONF : POSTSRSD_DEFAULT, &text,
	                  &observed->conf_path, &observed->has_conf, err);
	if (r < 0)
		return r;
	if (!postsrsd_conf_strip(buf_text(&text), text.len, &observed->admin_text)) {
		observed->is_damaged = true;
		observed->why_not =
			xasprintf(_("%s contains the first line of the part of "
		                    "mailauthctl but not the last: remove the rest of "
		                    "it"),
		                  observed->conf_path);
		return 0;
	}
	observed->has_block = observed->admin_text.len != text.len;
	observed->our_domain =
		postsrsd_conf_domain(buf_text(&text), text.len, observed->is_v2);
	if (postsrsd_conf_parse(&observed->admin, observed->is_v2,
	                        buf_text(&observed->admin_text), observed->admin_text.len,
	                        &unusable) < 0)
		observed->why_not = xstrdup(unusable.text);
	else if (observed->admin.domains_file)
		observed->why_not =
			xasprintf(_("%s has its own domains-file (%s): add its domains "
		                    "to srs.exclude-domains and remove it"),
		                  observed->conf_path, observed->admin.domains_file);
	return 0;
}

static int read_secret(struct ctx *ctx, struct store *store,
                       struct postsrsd_observed *observed, struct err *err)
{
	auto_buf octets = BUF_INIT;
	auto_secret ours = SECRET_INIT, text = SECRET_INIT;
	const char *path = observed->admin.secret_path ? observed->admin.secret_path
	                                               : POSTSRSD_SECRET;
	int r = read_text(ctx, path, &octets, &observed->secret_path,
	                  &observed->has_secret, err);
	if (r == 0)
		r = srs_secret_lines(store, &ours, err);
	if (octets.len)
		secret_set(&text, octets.at, octets.len);
	if (octets.at)
		explicit_bzero(octets.at, octets.room);
	if (r < 0)
		return r;
	postsrsd_secrets_strip(&ours, &text, &observed->admin_secret);
	observed->has_our_secret = observed->admin_secret.len != text.len;
	return 0;
}

int postsrsd_observe(struct ctx *ctx, struct store *store,
                     struct postsrsd_observed *observed, struct err *err)
{
	observed->is_installed = postsrsd_is_installed(ctx);
	observed->has_systemd = is_there(ctx, "/run/systemd/system", true);
	if (observed->is_installed)
		read_version(ctx, observed);
	if (observed->is_installed && !observed->has_systemd)
		observed->start_command = service_start_command(ctx, "postsrsd");
	int r = read_conf(ctx, observed, err);
	if (r == 0)
		r = read_secret(ctx, store, observed, err);
	observed->is_running =
		observed->is_installed && service_is_running(ctx, POSTSRSD_SERVICE);
	return r;
}

/* ---- tables ------------------------------------------------------------------------------------ */

void postsrsd_tables_done(struct postsrsd_tables *tables)
{
	free(tables->forward);
	free(tables->reverse);
	free(tables->sender);
	free(tables->probe_forward);
	free(tables->probe_reverse);
	*tables = (struct postsrsd_tables){ 0 };
}

static const char *socketmap_of(const struct postsrsd_observed *observed)
{
	return observed->admin.socketmap ? observed->admin.socketmap : DEFAULT_SOCKETMAP;
}

static const char *port_or(const char *port, const char *otherwise)
{
	return port ? port : otherwise;
}

void postsrsd_tables_of(const struct postsrsd_observed *observed, const char *queue_dir,
                        struct postsrsd_tables *ret_tables)
{
	if (!observed->is_v2) {
		const char *forward =
			port_or(observed->admin.forward_port, DEFAULT_FORWARD);
		const char *reverse =
			port_or(observed->admin.reverse_port, DEFAULT_REVERSE);
		*ret_tables = (struct postsrsd_tables){
			.forward = xasprintf("tcp:127.0.0.1:%s", forward),
			.sender = xasprintf(ASKED_FIRST "tcp:127.0.0.1:%s", forward),
			.reverse = xasprintf("tcp:127.0.0.1:%s", reverse),
			.probe_forward = xasprintf("tcp:127.0.0.1:%s", forward),
			.probe_reverse = xasprintf("tcp:127.0.0.1:%s", reverse),
		};
		return;
	}
	const char *map = socketmap_of(observed);
	auto_free char *inside = xasprintf("unix:%s/", queue_dir);
	/* a path below the queue directory is valid in a chroot too */
	auto_free char *relative = text_starts(map, inside)
	                                   ? xasprintf("unix:%s", map + strlen(inside))
	                                   : xstrdup(map);
	*ret_tables = (struct postsrsd_tables){
		.forward = xasprintf("socketmap:%s:forward", relative),
		.sender = xasprintf(ASKED_FIRST "socketmap:%s:forward", relative),
		.reverse = xasprintf("socketmap:%s:reverse", relative),
		.probe_forward = xasprintf("socketmap:%s:forward", map),
		.probe_reverse = xasprintf("socketmap:%s:reverse", map),
	};
}

/* ---- what is not rewritten ---------------------------------------------------------------------- */

#define MOVED_MAX 16 /* names from which a probe is chosen */

struct exclusions {
	bool is_v2;
	struct buf text; /* one name per line */
	size_t count;
	size_t skipped; /* names that version 2 does not accept */
	char *probe;    /* one of ours, preferably one that changed */
	bool is_probe_moved;
	struct names moved; /* at most MOVED_MAX */
};

static void exclusions_done(struct exclusions *list)
{
	buf_done(&list->text);
	free(list->probe);
	names_done(&list->moved);
}

static int keep_moved(void *arg, const char *name, struct err *err)
{
	struct exclusions *list = arg;
	(void)err;
	if (list->moved.count < MOVED_MAX)
		names_add(&list->moved, name);
	return 0;
}

static void add_exclusion(struct exclusions *list, const char *name)
{
	if (!postsrsd_is_name(name, list->is_v2)) {
		list->skipped++;
		return;
	}
	buf_printf(&list->text, "%s\n", name);
	list->count++;
}

static int add_own(void *arg, const char *name, struct err *err)
{
	struct exclusions *list = arg;
	size_t before = list->count;
	(void)err;
	add_exclusion(list, name);
	bool is_moved = !list->is_probe_moved && names_has(&list->moved, name);
	if (list->count > before && (!list->probe || is_moved)) {
		free(list->probe);
		list->probe = xstrdup(name);
		list->is_probe_moved = is_moved;
	}
	return 0;
}

/* Our domains, the mail server's own name, and listed domains. */
static int make_exclusions(const struct desired *desired, bool is_v2,
                           struct exclusions *list, struct err *err)
{
	list->is_v2 = is_v2;
	buf_puts(&list->text, "");
	int r = desired->is_everything
	                ? 0
	                : desired_each_moved(desired, keep_moved, list, err);
	if (r == 0)
		r = desired_each_name(desired, add_own, list, err);
	if (r < 0)
		return r;
	if (desired->authserv_id)
		add_exclusion(list, desired->authserv_id);
	for (size_t i = 0; i < desired->srs_excluded_count; i++)
		add_exclusion(list, desired->srs_excluded[i]);
	return 0;
}

/* ---- steps ------------------------------------------------------------------------------------- */

static void plan_secret(enum step_rank rank, const char *path, const struct secret *text,
                        struct file_meta meta, struct plan *plan)
{
	plan_file(plan, rank, path, text->at, text->len, meta,
	          plan_cause(plan, CAUSE_SRS))
		->is_secret = true;
}

static int plan_secrets(const struct desired *desired, const struct secret *admin,
                        const char *path, struct plan *plan, struct err *err)
{
	auto_secret ours = SECRET_INIT, text = SECRET_INIT;
	int r = desired_srs_secrets(desired, &ours, err);
	if (r < 0)
		return r;
	if (!ours.len) {
		err_set(err, ERR_FAILED, _("srs.enabled is on, but there is no secret"));
		return err_add_remedy(err, "mailauthctl server set srs.secret generate");
	}
	postsrsd_secrets_put(&ours, admin, &text);
	plan_secret(RANK_DATA, path, &text,
	            (struct file_meta){ 0600, FILE_KEEP_UID, FILE_KEEP_GID }, plan);
	return 0;
}

static const struct file_meta text_meta = { 0644, FILE_KEEP_UID, FILE_KEEP_GID };

/* postsrsd 1.10 makes "SRS0=...=@myhostname" of a quoted local part and of an address literal.  The
 * table is queried for addresses as in SMTP; unnecessary quotes have been removed by then, so
 * quotes that remain are necessary. */
static void plan_keep(const char *prefix, struct plan *plan)
{
	static const char text[] =
		"# Made by mailauthctl, changes are overwritten.  Senders that SRS leaves alone:\n"
		"# a local part in quotes, an address literal.\n"
		"/^(\".*\"@.*)$/ $1\n"
		"/^(.*@\\[.*\\])$/ $1\n";
	auto_free char *path = xasprintf("%s" POSTSRSD_KEEP, prefix);
	plan_file(plan, RANK_TABLES, path, text, sizeof(text) - 1, text_meta, 0);
}

static void plan_conf(const struct postsrsd_request *request,
                      const struct postsrsd_observed *observed, struct plan *plan)
{
	auto_buf text = BUF_INIT;
	buf_add(&text, buf_text(&observed->admin_text), observed->admin_text.len);
	postsrsd_conf_block(request, observed->is_v2, buf_text(&observed->admin_text),
	                    observed->admin_text.len, &text);
	if (observed->is_v2)
		plan_file(plan, RANK_TABLES, POSTSRSD_DOMAINS,
		          buf_text(request->excluded), request->excluded->len, text_meta,
		          plan_cause(plan, CAUSE_SRS));
	plan_file(plan, RANK_PROVIDERS, observed->conf_path, buf_text(&text), text.len,
	          observed->has_conf ? FILE_META_KEEP : text_meta,
	          plan_cause(plan, CAUSE_SRS))
		->shared = &postsrsd_conf_format;
}

/* With systemd, it is started again whenever it ends. */
static void plan_supervision(const struct postsrsd_observed *observed, struct plan *plan)
{
	static const char unit[] = "# Made by mailauthctl, changes are overwritten.\n"
				   "[Unit]\n"
				   "StartLimitIntervalSec=0\n"
				   "\n"
				   "[Service]\n"
				   "Restart=always\n"
				   "RestartSec=1\n";
	if (observed->has_systemd)
		plan_file(plan, RANK_PROVIDERS, POSTSRSD_DROP_IN, unit, sizeof(unit) - 1,
		          text_meta, plan_cause(plan, CAUSE_SRS));
	else if (observed->start_command)
		plan_note(plan,
		          _("systemd is not running on this host, so postsrsd is not "
		            "restarted when it ends, and Postfix defers all mail "
		            "without it: make sure that \"%s\" runs then"),
		          observed->start_command);
	else
		plan_note(plan,
		          _("systemd is not running on this host, so postsrsd is not "
		            "restarted when it ends, and Postfix defers all mail "
		            "without it: use another supervisor for it"));
}

void postsrsd_plan_probe(const char *srs_domain, const struct postsrsd_tables *tables,
                         unsigned when, struct plan *plan)
{
	struct step *step = plan_probe(plan, RANK_PROVIDERS, &map_probe,
	                               &postsrsd_service, tables->probe_forward, when);
	*map_question(step) = (struct map_question){
		.key = xstrdup(FOREIGN_SENDER),
		.domain = xstrdup(srs_domain),
		.reverse = xstrdup(tables->probe_reverse),
	};
}

static void plan_probes(const struct desired *desired, const struct exclusions *list,
                        const struct postsrsd_tables *tables, unsigned when,
                        struct plan *plan)
{
	postsrsd_plan_probe(desired->srs_domain, tables, when, plan);
	if (!list->probe)
		return;
	struct step *step = plan_probe(plan, RANK_PROVIDERS, &map_probe,
	                               &postsrsd_service, tables->probe_forward, when);
	map_question(step)->key = xasprintf(OWN_SENDER, list->probe);
}

void postsrsd_plan_service(const struct postsrsd_observed *observed,
                           const struct postsrsd_place *place, struct plan *plan)
{
	if (!place->is_live || (!observed->is_running && !place->is_server_there))
		return;
	plan_service(plan, RANK_PROVIDERS, POSTSRSD_SERVICE, SERVICE_ENABLE, 0);
	if (observed->is_running)
		plan_service(plan, RANK_PROVIDERS, POSTSRSD_SERVICE, SERVICE_RESTART,
		             plan_cause(plan, CAUSE_SRS));
}

int postsrsd_plan(const struct desired *desired, const struct postsrsd_observed *observed,
                  const struct postsrsd_place *place,
                  const struct postsrsd_tables *tables, struct plan *plan,
                  struct err *err)
{
	cleanup(exclusions_done) struct exclusions list = { 0 };
	int r = make_exclusions(desired, observed->is_v2, &list, err);
	const struct postsrsd_request request = {
		.srs_domain = desired->srs_domain,
		.secret_path = observed->secret_path,
		.forward_port = port_or(observed->admin.forward_port, DEFAULT_FORWARD),
		.reverse_port = port_or(observed->admin.reverse_port, DEFAULT_REVERSE),
		.excluded = &list.text,
		.socketmap = socketmap_of(observed),
	};
	if (r == 0)
		r = postsrsd_check_request(&request, observed->is_v2, &observed->admin,
		                           list.count, err);
	if (r == 0)
		r = plan_secrets(desired, &observed->admin_secret, observed->secret_path,
		                 plan, err);
	if (r < 0)
		return r;
	if (list.skipped)
		plan_note(plan,
		          _("postsrsd 2 does not support domain names with an "
		            "underscore: senders in %zu of our domains are rewritten "
		            "like others"),
		          list.skipped);
	if (observed->admin.listen && strcmp(observed->admin.listen, "127.0.0.1") != 0)
		plan_note(plan,
		          _("postsrsd listens only on 127.0.0.1, not on %s as its "
		            "SRS_LISTEN_ADDR says: whoever can query it can send "
		            "through this server"),
		          observed->admin.listen);
	plan_conf(&request, observed, plan);
	plan_keep("", plan);
	if (!place->is_live)
		return 0;
	plan_supervision(observed, plan);
	postsrsd_plan_service(observed, place, plan);
	if (observed->is_running || place->is_server_there)
		plan_probes(desired, &list, tables,
		            observed->is_running ? plan_cause(plan, CAUSE_SRS) : 0, plan);
	return 0;
}

void postsrsd_plan_service_out(const struct postsrsd_observed *observed,
                               struct plan *plan)
{
	if (!observed->is_installed)
		return;
	if (observed->is_running)
		plan_service(plan, RANK_LEFTOVERS, POSTSRSD_SERVICE, SERVICE_RESTART,
		             plan_cause(plan, CAUSE_SRS));
	plan_service(plan, RANK_LEFTOVERS, POSTSRSD_SERVICE, SERVICE_DISABLE, 0);
}

/* The two files are an administrator's: planned even if they contain nothing of ours, so that the
 * engine does not remove them. */
static void plan_files_out(const struct postsrsd_observed *observed, struct plan *plan)
{
	if (observed->is_damaged)
		plan_note(plan, "%s", observed->why_not);
	else if (observed->has_block && !observed->admin_text.len)
		plan_remove(plan, RANK_LEFTOVERS, observed->conf_path,
		            plan_cause(plan, CAUSE_SRS))
			->shared = &postsrsd_conf_format;
	else if (observed->has_conf)
		plan_file(plan, RANK_LEFTOVERS, observed->conf_path,
		          buf_text(&observed->admin_text), observed->admin_text.len,
		          FILE_META_KEEP, plan_cause(plan, CAUSE_SRS))
			->shared = &postsrsd_conf_format;
	/* an empty file of secrets would be accepted, and others could create its addresses */
	if (observed->has_our_secret && !observed->admin_secret.len)
		plan_remove(plan, RANK_LEFTOVERS, observed->secret_path,
		            plan_cause(plan, CAUSE_SRS))
			->is_secret = true;
	else if (observed->has_secret && observed->admin_secret.len)
		plan_secret(RANK_LEFTOVERS, observed->secret_path,
		            &observed->admin_secret, FILE_META_KEEP, plan);
}

void postsrsd_plan_out(const struct desired *desired,
                       const struct postsrsd_observed *observed, struct plan *plan)
{
	plan_files_out(observed, plan);
	if (desired) {
		plan_remove(plan, RANK_LEFTOVERS, POSTSRSD_DROP_IN,
		            plan_cause(plan, CAUSE_SRS));
		plan_remove(plan, RANK_LEFTOVERS, POSTSRSD_DOMAINS, 0);
		plan_remove(plan, RANK_LEFTOVERS, POSTSRSD_KEEP, 0);
	}
	postsrsd_plan_service_out(observed, plan);
}

/* ---- for other hosts --------------------------------------------------------------------------- */

int postsrsd_plan_parts(const struct desired *desired, const char *prefix,
                        struct plan *plan, struct err *err)
{
	cleanup(exclusions_done) struct exclusions list = { 0 };
	const struct postsrsd_conf nobody = { 0 };
	const struct secret none = SECRET_INIT;
	auto_free char *secret = xasprintf("%s" POSTSRSD_SECRET, prefix);
	auto_free char *part = xasprintf("%s" POSTSRSD_PART, prefix);
	auto_buf text = BUF_INIT;
	int r = make_exclusions(desired, false, &list, err);
	const struct postsrsd_request request = {
		.srs_domain = desired->srs_domain,
		.secret_path = POSTSRSD_SECRET,
		.forward_port = DEFAULT_FORWARD,
		.reverse_port = DEFAULT_REVERSE,
		.excluded = &list.text,
	};
	if (r == 0)
		r = postsrsd_check_request(&request, false, &nobody, list.count, err);
	if (r == 0)
		r = plan_secrets(desired, &none, secret, plan, err);
	if (r < 0)
		return r;
	buf_puts(&text, "# For the end of " POSTSRSD_DEFAULT
	                " of the mail host (postsrsd 1); its\n"
	                "# " POSTSRSD_SECRET " must begin with the lines of the one that "
	                "lies beside.\n"
	                "# Restart it after each change, before Postfix is told.\n");
	postsrsd_conf_block(&request, false, "", 0, &text);
	plan_file(plan, RANK_TABLES, part, buf_text(&text), text.len, text_meta, 0);
	plan_keep(prefix, plan);
	return 0;
}

void postsrsd_drop_parts(const char *prefix, struct plan *plan)
{
	auto_free char *secret = xasprintf("%s" POSTSRSD_SECRET, prefix);
	auto_free char *part = xasprintf("%s" POSTSRSD_PART, prefix);
	auto_free char *keep = xasprintf("%s" POSTSRSD_KEEP, prefix);
	plan_remove(plan, RANK_LEFTOVERS, part, 0);
	plan_remove(plan, RANK_LEFTOVERS, keep, 0);
	plan_remove(plan, RANK_LEFTOVERS, secret, 0)->is_secret = true;
}

/* postsrsd 1.10 has no reload, and reads its settings from a file that only its start script
 * parses. */
const struct service_kind postsrsd_service = {
	.name = POSTSRSD_SERVICE,
	.pid_file = "/run/postsrsd.pid",
	.script = "/etc/init.d/postsrsd",
	.leaves_children = true,
};
