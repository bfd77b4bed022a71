/*
 * After the files were switched: zone.reload, and what the store records.
 *
 * A reload that failed is owed: the folder, and the files whose content the name server has not
 * loaded, are marked until a later run has reloaded it.  The folder's generation is increased only
 * when nothing is left to do, so that failed zones are compared again.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/english.h"
#include "core/base/run.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/export/export_inner.h"
#include "core/model/key/publish.h"
#include "core/model/setting/setting.h"

#define RELOAD_TIMEOUT_MS 60000
#define RELOAD_FAILURES_MAX 10 /* the fault is then the name server's, not a zone's */
#define DOMAIN_MARK "<domain>"

/* ---- zone.reload ---------------------------------------------------------------------------- */

/* `word` with every <domain> replaced; caller frees. */
static char *put_domain(const char *word, const char *name)
{
	auto_buf text = BUF_INIT;
	for (const char *mark; (mark = strstr(word, DOMAIN_MARK));
	     word = mark + strlen(DOMAIN_MARK)) {
		buf_add(&text, word, (size_t)(mark - word));
		buf_puts(&text, name);
	}
	buf_puts(&text, word);
	return buf_take(&text);
}

static bool can_run(const struct ctx *ctx, const char *program)
{
	struct file_info info = { 0 };
	struct err ignored = ERR_INIT;
	if (*program != '/')
		return run_can_find(ctx, program);
	return file_look(ctx, program, true, &info, &ignored) == 0 &&
	       info.kind == FILE_REGULAR && info.meta.mode & 0111;
}

int export_check_reload(const struct ctx *ctx, const char *text, struct err *err)
{
	auto_free char **word = NULL;
	size_t words = 0;
	if (ctx->is_rooted || !text_split_words(text, &word, &words) || !words ||
	    can_run(ctx, word[0]))
		return 0;
	return err_set(err, ERR_FAILED,
	               _("the program of zone.reload, %s, does not exist or is not "
	                 "executable; zone.reload is a program with its arguments, not "
	                 "a shell command line"),
	               word[0]);
}

/* name NULL: the words are unchanged. */
static int run_reload(struct export *export, char **words, size_t count, const char *name,
                      struct err *err)
{
	char **argv = xcalloc(count + 1, sizeof(*argv));
	struct run_spec spec = { .timeout_ms = RELOAD_TIMEOUT_MS };
	for (size_t i = 0; i < count; i++)
		argv[i] = name ? put_domain(words[i], name) : xstrdup(words[i]);
	spec.argv = (const char *const *)argv;
	/* a failure is stored, and reported again only if it differs */
	char *paused = english_begin();
	int r = run_checked(export->ctx, &spec, NULL, err);
	english_end(paused);
	for (size_t i = 0; i < count; i++)
		free(argv[i]);
	free(argv);
	return r;
}

/* Keeps the message of the first failure. */
static void complain(struct export *export, struct err *err)
{
	export->is_reload_failed = true;
	if (!export->complaint)
		export->complaint = xasprintf("zone.reload: %s", err->text);
	err_clear(err);
}

static bool has_mark(char **words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(words[i], DOMAIN_MARK))
			return true;
	return false;
}

static void forget_owed(struct export *export)
{
	for (size_t i = 0; i < export->count; i++)
		export->item[i].is_owed = false;
}

static void reload_each(struct export *export, char **words, size_t count)
{
	size_t failures = 0;
	for (size_t i = 0; i < export->count && failures < RELOAD_FAILURES_MAX; i++) {
		struct export_item *item = &export->item[i];
		struct err err = ERR_INIT;
		if (!item->is_owed || !item->has_file)
			continue;
		int r = run_reload(export, words, count, item->name, &err);
		if (r < 0) {
			complain(export, &err);
			failures = r == ERR_MISSING ? RELOAD_FAILURES_MAX : failures + 1;
		} else {
			item->is_owed = false;
		}
	}
}

static bool is_anything_owed(const struct export *export)
{
	for (size_t i = 0; i < export->count; i++)
		if (export->item[i].is_owed)
			return true;
	return export->is_reload_owed;
}

void export_reload(struct export *export, bool is_changed)
{
	char **words = NULL;
	size_t count = 0;
	struct err err = ERR_INIT;
	const struct ctx *ctx = export->ctx;
	if (!is_changed && !is_anything_owed(export))
		return;
	if (!text_split_words(export->reload, &words, &count)) {
		err_set(&err, ERR_FAILED, "a double quote is not closed in %s",
		        export->reload);
		complain(export, &err);
		return;
	}
	bool is_silent = count == 0 || (ctx->is_rooted && !ctx->run);
	if (is_silent) {
		forget_owed(export);
	} else if (has_mark(words, count)) {
		reload_each(export, words, count);
	} else if (run_reload(export, words, count, NULL, &err) < 0) {
		complain(export, &err);
	} else {
		forget_owed(export);
	}
	free(words);
}

/* ---- what the store remembers --------------------------------------------------------------- */

static int insert_dir(struct export *export, struct store *store, struct err *err)
{
	static const struct digest none = { { 0 } };
	int r = store_exec(
		store, err,
		"INSERT INTO export_dir (path, gen, inputs, at) VALUES (?, 0, ?, ?)",
		"toi", export->host_dir, none.at, sizeof(none.at), ctx_now(export->ctx));
	if (r >= 0)
		export->dir_id = store_last_id(store);
	return r;
}

/* No row is written that would not change. */
static int remember_item(const struct export *export, struct store *store,
                         const struct export_item *item, struct err *err)
{
	const struct export_known *known = export_find_known(export, item->name);
	struct export_known now = { 0 };
	if (item->action == EXPORT_FAILED)
		return 0;
	if (!item->has_file)
		return store_exec(store, err,
		                  "DELETE FROM export_file WHERE dir_id = ? AND name = ?",
		                  "it", export->dir_id, item->name);
	/* the file disappeared: the next run finds no row, or an old one */
	if (!export_stat(export, item->name, &now))
		return 0;
	if (known && known->is_owed == item->is_owed && known->is_kept == item->is_kept &&
	    known->size == now.size && known->mtime_ns == now.mtime_ns &&
	    known->inode == now.inode)
		return 0;
	return store_exec(
		store, err,
		"INSERT INTO export_file (dir_id, name, size, mtime_ns, inode, owed, kept)"
		" VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
		" size = excluded.size, mtime_ns = excluded.mtime_ns,"
		" inode = excluded.inode, owed = excluded.owed, kept = excluded.kept",
		"itiiiii", export->dir_id, item->name, now.size, now.mtime_ns, now.inode,
		(int64_t)item->is_owed, (int64_t)item->is_kept);
}

static int remember_dir(const struct export *export, struct store *store, int64_t gen,
                        struct err *err)
{
	bool is_done =
		export->is_complete && !export->failed && !export->is_reload_failed;
	const struct digest *inputs = is_done ? &export->inputs : &export->dir_inputs;
	bool is_same = export->is_reload_owed == export->is_reload_failed &&
	               text_same(export->old_complaint, export->complaint) &&
	               memcmp(inputs, &export->dir_inputs, sizeof(*inputs)) == 0 &&
	               (!is_done || export->count == 0);
	if (is_same)
		return 0;
	return store_exec(
		store, err,
		"UPDATE export_dir SET gen = ?, inputs = ?, reloaded = ?, complaint = ?,"
		" at = ? WHERE id = ?",
		"ioitii", is_done ? gen : export->dir_gen, inputs->at, sizeof(inputs->at),
		(int64_t) !export->is_reload_failed, export->complaint,
		ctx_now(export->ctx), export->dir_id);
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* Whether an export changes a fact about the domain's keys under its name. */
static int is_news(struct store *store, const struct domain *domain, bool *ret_is_news,
                   struct err *err)
{
	auto_stmt stmt = NULL;
	auto_free char *activate = NULL;
	int r = store_query(
		store, &stmt, err,
		"SELECT max(p.exported IS NULL),"
		" max(p.ready IS NULL AND k.state IN ('pending', 'active'))"
		" FROM dkim_key k LEFT JOIN key_public p"
		" ON p.key_id = k.id AND p.name = ?1"
		" WHERE k.domain_id = ?2"
		" AND k.state IN ('pending', 'active', 'retiring', 'resting')"
		" AND NOT EXISTS (SELECT 1 FROM zone_look z WHERE z.name = ?1"
		" AND z.ref = k.selector || '._domainkey' AND z.had IS NOT NULL)",
		"ti", domain->name, domain->main_id ? domain->main_id : domain->id);
	if (r >= 0)
		r = stmt_next(stmt, err);
	if (r <= 0)
		return r;
	bool is_new = stmt_int(stmt, 0) != 0, waits = stmt_int(stmt, 1) != 0;
	if (!is_new && waits) {
		r = setting_text(store, SET_DKIM_ACTIVATE, domain->id, &activate, err);
		if (r < 0)
			return r;
		is_new = strcmp(activate, "seen") != 0;
	}
	*ret_is_news = is_new;
	return 0;
}

static int mark_keys(struct ctx *ctx, struct store *store, const struct export *export,
                     struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < export->count; i++) {
		const struct export_item *item = &export->item[i];
		auto_domain domain = DOMAIN_INIT;
		bool news = false;
		bool is_public = item->has_file && item->has_keys && !item->is_owed &&
		                 item->action != EXPORT_FAILED;
		r = is_public ? domain_look(store, item->name, &domain, err) : 0;
		if (r > 0)
			r = is_news(store, &domain, &news, err);
		if (r >= 0 && news)
			r = publish_mark(store, ctx, &domain, 0, KEY_EXPORTED, err);
	}
	return r;
}

/* Making keys ready increases the generation of their domains, but changes no zone: if nothing else
 * changed since the zones were prepared, the folder has the generation of this change. */
static int reached(const struct export *export, struct store *store, int64_t *ret_gen,
                   struct err *err)
{
	int64_t now = export->gen;
	int r = store_get_int(store, &now, err, "SELECT max(id) FROM change", "");
	if (r >= 0)
		*ret_gen = now == export->gen + 1 ? now : export->gen;
	return r;
}

int export_finish(struct ctx *ctx, struct store *store, struct export *export,
                  struct err *err)
{
	int64_t gen = export->gen;
	int r = 0;
	if (export->is_dry_run)
		return 0;
	if (!export->dir_id)
		r = insert_dir(export, store, err);
	for (size_t i = 0; r >= 0 && i < export->count; i++)
		r = remember_item(export, store, &export->item[i], err);
	if (r >= 0)
		r = mark_keys(ctx, store, export, err);
	if (r >= 0)
		r = reached(export, store, &gen, err);
	return r < 0 ? r : remember_dir(export, store, gen, err);
}

int export_result(const struct export *export, bool is_repeated, struct err *err)
{
	if (export->is_reload_failed &&
	    (is_repeated || !text_same(export->complaint, export->old_complaint)))
		return err_set(err, ERR_FAILED, "%s", export->complaint);
	if (export->is_reload_failed || export->failed)
		return err_set(err, ERR_REPORTED, "%s",
		               export->is_reload_failed ? export->complaint
		                                        : _("a zone was not exported"));
	return 0;
}
