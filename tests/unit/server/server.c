/*
 * A mail server for tests, "Ledger": what a server may be that shares nothing with the others.
 *
 * It reads /etc/ledger/ours, which is ours alone, signs with keys that it makes itself
 * (/etc/ledger/made: lines "domain selector base64"), does no SRS, DMARC only where its licence
 * (/etc/ledger/licence) has it, and knows three of the six modes of SPF.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/mta/plan/backend.h"
#include "core/mta/plan/desired.h"
#include "core/store/store.h"
#include "dnszone/spf/spf_mode.h"
#include "tests/unit/server/row.h"

#define CONF "/etc/ledger/ledger.conf"
#define LICENCE "/etc/ledger/licence"
#define OURS "/etc/ledger/ours"
#define MADE "/etc/ledger/made"
#define LIMIT 65536

struct observed {
	bool has_conf;
};

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
	*ret_found = (struct mta_found){ .is_installed = is_there(ctx, CONF) };
	return 0;
}

static int observe(struct ctx *ctx, struct store *store, void **ret_observed,
                   struct err *err)
{
	struct observed *observed = xcalloc(1, sizeof(*observed));
	(void)store, (void)err;
	observed->has_conf = is_there(ctx, CONF);
	*ret_observed = observed;
	return 0;
}

static int plan(const struct desired *desired, const void *row_observed,
                struct plan *ret_plan, struct err *err)
{
	const struct observed *observed = row_observed;
	auto_free char *text = NULL;
	if (!desired)
		return 0;
	if (!observed->has_conf)
		return err_set(err, ERR_FAILED, "Ledger is not here any more");
	text = xasprintf("sign %d\nverify %d\nspf %s\n", desired->signs,
	                 desired->verifies, spf_mode_name(desired->spf.mode));
	plan_file(ret_plan, RANK_CONSUMERS, OURS, text, strlen(text),
	          (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID },
	          plan_cause(ret_plan, "ledger: its file"));
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
	.observed_free = free,
	.plan = plan,
	.learn = learn,
};
