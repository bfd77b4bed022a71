/*
 * A mail server for tests, "Ledger": what a server may be that shares nothing with the others.
 *
 * Its administrator's /etc/ledger/ledger.conf includes /etc/ledger/ours, which is ours alone, by a line of ours.
 * It has a service, which reads both when it is told to (/etc/ledger/loaded is what it read then), and answers a
 * probe with what it read.  It signs with keys that it makes itself
 * (/etc/ledger/made: lines "domain selector base64"), does no SRS, DMARC only where its licence
 * (/etc/ledger/licence) has it, and knows three of the six modes of SPF.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/mta/host/service_kind.h"
#include "core/mta/plan/backend.h"
#include "core/mta/plan/desired.h"
#include "core/mta/plan/probe_type.h"
#include "core/mta/plan/shared.h"
#include "core/store/store.h"
#include "dnszone/spf/spf_mode.h"
#include "tests/unit/server/row.h"

#define CONF "/etc/ledger/ledger.conf"
#define LICENCE "/etc/ledger/licence"
#define OURS "/etc/ledger/ours"
#define MADE "/etc/ledger/made"
#define LOADED "/etc/ledger/loaded"
#define INCLUDE "include " OURS "\n"
#define CAUSE "ledger: its files"
#define LIMIT 65536

void (*ledger_called)(void);

/* Nothing there: empty. */
static int read_text(const struct ctx *ctx, const char *path, struct buf *into,
                     struct err *err)
{
	int r = file_read(ctx, path, LIMIT, into, NULL, err);
	if (r != ERR_MISSING)
		return r;
	err_clear(err);
	return 0;
}

/* ---- its administrator's file ---------------------------------------------------------------------- */

static void find_ours(const char *text, size_t len, struct spans *into)
{
	for (size_t at = 0; at < len;) {
		const char *feed = memchr(text + at, '\n', len - at);
		size_t end = feed ? (size_t)(feed - text) + 1 : len;
		if (end - at == strlen(INCLUDE) &&
		    memcmp(text + at, INCLUDE, end - at) == 0)
			spans_add(into, at, end);
		at = end;
	}
	spans_settle(into, len);
}

const struct shared_format ledger_conf_format = { .name = "ledger.conf",
	                                          .ours = find_ours };

/* ---- its service ------------------------------------------------------------------------------------ */

/* What it should have read: both files, where the first includes the second. */
static int read_files(const struct ctx *ctx, struct buf *into, struct err *err)
{
	int r = read_text(ctx, CONF, into, err);
	if (r == 0 && strstr(buf_text(into), INCLUDE))
		r = read_text(ctx, OURS, into, err);
	return r;
}

static int act(struct ctx *ctx, const char *instance, enum service_action action,
               struct err *err)
{
	auto_buf text = BUF_INIT;
	(void)instance;
	if (ledger_called)
		ledger_called();
	if (action != SERVICE_RELOAD)
		return err_set(err, ERR_FAILED, "Ledger can be reloaded, nothing else");
	int r = read_files(ctx, &text, err);
	return r ? r
	         : file_put(ctx, LOADED, buf_text(&text), text.len,
	                    (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID },
	                    err);
}

static bool is_running(struct ctx *ctx, const char *instance)
{
	(void)ctx, (void)instance;
	return true;
}

const struct service_kind ledger_service = {
	.name = "ledger", .act = act, .is_running = is_running, .is_admins = true
};

static int ask(struct ctx *ctx, const struct step *step, int64_t deadline,
               struct err *err)
{
	auto_buf want = BUF_INIT, have = BUF_INIT;
	(void)deadline;
	if (ledger_called)
		ledger_called();
	int r = read_files(ctx, &want, err);
	if (r == 0)
		r = read_text(ctx, LOADED, &have, err);
	if (r == 0 && strcmp(buf_text(&want), buf_text(&have)) != 0)
		r = err_set(err, ERR_FAILED, "%s reads other files", step->object);
	return r;
}

static void show(const struct step *step, struct buf *out)
{
	buf_printf(out, "# then %s must have read its files\n", step->object);
}

const struct probe_type ledger_probe = {
	.name = "ledger", .ask = ask, .show = show, .asks_on_undo = true
};

/* ---- the row ---------------------------------------------------------------------------------------- */

struct observed {
	bool has_conf;
	struct buf admin; /* his file, without ours */
};

static void observed_free(void *arg)
{
	struct observed *observed = arg;
	if (observed)
		buf_done(&observed->admin);
	free(observed);
}

static bool is_there(struct ctx *ctx, const char *path)
{
	struct file_info info;
	struct err ignored = ERR_INIT;
	return file_look(ctx, path, true, &info, &ignored) == 0 &&
	       info.kind == FILE_REGULAR;
}

static int detect(struct ctx *ctx, struct store *store, struct mta_found *ret_found,
                  struct err *err)
{
	(void)store, (void)err;
	*ret_found = (struct mta_found){ .is_installed = is_there(ctx, CONF),
		                         .is_running = is_there(ctx, CONF) };
	return 0;
}

static int observe(struct ctx *ctx, struct store *store, void **ret_observed,
                   struct err *err)
{
	struct observed *observed = xcalloc(1, sizeof(*observed));
	auto_buf text = BUF_INIT;
	(void)store;
	observed->has_conf = is_there(ctx, CONF);
	int r = read_text(ctx, CONF, &text, err);
	shared_strip(&ledger_conf_format, &text, &observed->admin);
	if (r == 0)
		*ret_observed = observed;
	else
		observed_free(observed);
	return r;
}

static int plan(const struct desired *desired, const void *row_observed,
                struct plan *ret_plan, struct err *err)
{
	const struct observed *observed = row_observed;
	auto_free char *text = NULL;
	auto_buf conf = BUF_INIT;
	if (desired && !observed->has_conf)
		return err_set(err, ERR_FAILED, "Ledger is not here any more");
	unsigned cause = plan_cause(ret_plan, CAUSE);
	buf_add(&conf, buf_text(&observed->admin), observed->admin.len);
	buf_puts(&conf, desired ? INCLUDE : "");
	plan_file(ret_plan, RANK_CONSUMERS, CONF, buf_text(&conf), conf.len,
	          FILE_META_KEEP, cause)
		->shared = &ledger_conf_format;
	plan_service(ret_plan, RANK_CONSUMERS, "ledger", SERVICE_RELOAD, cause);
	plan_probe(ret_plan, RANK_CONSUMERS, &ledger_probe, &ledger_service, "ledger",
	           cause);
	if (!desired)
		return 0;
	text = xasprintf("sign %d\nverify %d\nspf %s\n", desired->signs,
	                 desired->verifies, spf_mode_name(desired->spf.mode));
	plan_file(ret_plan, RANK_PROVIDERS, OURS, text, strlen(text),
	          (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID }, cause);
	return 0;
}

/* What was put back is read again. */
static int restore(const void *observed, struct plan *plan, struct err *err)
{
	unsigned cause = plan_cause(plan, CAUSE);
	(void)observed, (void)err;
	for (size_t i = 0; i < plan->count; i++)
		if (text_starts(plan->step[i].object, "/etc/ledger/"))
			plan->step[i].causes |= cause;
	plan_service(plan, RANK_CONSUMERS, "ledger", SERVICE_RELOAD, cause);
	plan_probe(plan, RANK_CONSUMERS, &ledger_probe, &ledger_service, "ledger", cause);
	return 0;
}

static void look_at_support(struct ctx *ctx, const char *filter, enum mta_feature feature,
                            struct feature_support *support)
{
	(void)filter;
	if (feature == FEATURE_DMARC && is_there(ctx, LICENCE))
		*support = (struct feature_support){ .level = SUPPORT_YES };
}

static const struct value_limit limits[] = {
	{ "spf.mode", "defer-dns-errors", "headers-only" },
	{ "spf.mode", "reject-neutral", "reject-softfail" },
	{ "spf.mode", "reject-not-pass", "reject-softfail" },
	{ NULL, NULL, NULL },
};

/* One line of MADE; a key that the store has is no change. */
static int learn_key(struct ctx *ctx, struct store *store, char *line, struct err *err)
{
	char *save = NULL, *domain = strtok_r(line, " ", &save);
	char *selector = strtok_r(NULL, " ", &save), *key = strtok_r(NULL, " ", &save);
	static const unsigned char fingerprint[32] = { 1 };
	if (!key)
		return 0;
	return store_exec(
		store, err,
		"INSERT OR IGNORE INTO dkim_key (domain_id, selector, algorithm, bits, state, "
		"public, fingerprint, server_owned, created, since) "
		"SELECT id, ?, 'rsa', 2048, 'active', ?, ?, 1, ?, ? FROM domain WHERE name = ?",
		"tooiit", selector, key, strlen(key), fingerprint, sizeof(fingerprint),
		ctx_now(ctx), ctx_now(ctx), domain);
}

static int learn(struct ctx *ctx, struct store *store, struct err *err)
{
	auto_buf text = BUF_INIT;
	char *save = NULL;
	int r = file_read(ctx, MADE, LIMIT, &text, NULL, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	for (char *line = r == 0 && text.len ? strtok_r(text.at, "\n", &save) : NULL;
	     r == 0 && line; line = strtok_r(NULL, "\n", &save))
		r = learn_key(ctx, store, line, err);
	return r;
}

const struct mta_backend ledger_backend = {
	.name = "ledger",
	.title = "Ledger",
	.support = { [FEATURE_DKIM_SIGN] = { SUPPORT_YES },
	             [FEATURE_DKIM_VERIFY] = { SUPPORT_YES },
	             [FEATURE_SPF] = { SUPPORT_YES },
	             [FEATURE_DMARC] = { SUPPORT_NO, NULL,
	                                 "its licence does not have it" },
	             [FEATURE_SRS] = { SUPPORT_NO, NULL,
	                               "a forwarded message keeps its "
	                               "sender" } },
	.look_at_support = look_at_support,
	.limits = limits,
	.detect = detect,
	.observe = observe,
	.observed_free = observed_free,
	.plan = plan,
	.restore = restore,
	.learn = learn,
};
