/*
 * Undoing a change: its items from the last to the first, each by the function of its kind.
 *
 * Comparing and writing are done item by item, because one change may contain the same object
 * twice; the transaction makes it all or nothing.  Warnings are kept until the end, so that a
 * refusal is the only message.
 */
#include "core/model/undo/undo.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/life/domain_life.h"
#include "core/model/record/template.h"
#include "core/model/record/template_edit.h"
#include "core/model/setting/setting.h"
#include "core/model/setting/srs_secret.h"
#include "core/model/undo/undo_inner.h"

/* ---- what the kinds share -------------------------------------------------------------------- */

char *undo_subject(const struct change_item *item)
{
	bool is_domain = strcmp(item->object, "domain") == 0;
	if (is_domain && item->domain)
		return xstrdup(item->domain);
	if (strcmp(item->object, "template") == 0)
		return xasprintf(_("the template's %s"), item->field);
	if (item->domain)
		return xasprintf(_("%s of %s"), item->field, item->domain);
	return xstrdup(item->field);
}

void undo_warn(struct undo *undo, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	names_take(&undo->warnings, xvasprintf(fmt, ap));
	va_end(ap);
}

const struct change_item *undo_find(const struct undo *undo, const char *object,
                                    const char *domain, const char *field)
{
	for (size_t i = 0; i < undo->count; i++) {
		const struct change_item *item = &undo->item[i];
		if (strcmp(item->object, object) == 0 &&
		    (!domain || text_same(item->domain, domain)) &&
		    (!field || strcmp(item->field, field) == 0))
			return item;
	}
	return NULL;
}

bool undo_has_removed(const struct undo *undo, const char *domain)
{
	const struct change_item *item = undo_find(undo, "domain", domain, "domain");
	return item && !item->new_value;
}

struct later {
	char *command, *actor;
};

static int keep_later(void *arg, const struct change_row *row, struct err *err)
{
	struct later *later = arg;
	(void)err;
	*later = (struct later){ xstrdup(row->command), xstrdup(row->actor) };
	return 0;
}

int undo_conflict(struct undo *undo, const struct change_item *item, struct err *err)
{
	auto_free char *subject = undo_subject(item);
	struct later later = { 0 };
	int64_t id = 0;
	if (undo->is_forced)
		return 1;
	int r = change_later(undo->store, undo->id, item, &id, err);
	if (r > 0)
		r = change_look(undo->store, id, keep_later, &later, err);
	if (r > 0)
		r = err_set(err, ERR_FAILED,
		            _("%s was changed again by change %" PRId64 " (%s, %s): "
		              "undo that change first, or use --force"),
		            subject, id, later.command, later.actor);
	else if (r == 0)
		r = err_set(err, ERR_FAILED,
		            _("%s is no longer as change %" PRId64 " left it; to undo "
		              "the change anyway, use --force"),
		            subject, undo->id);
	free(later.command);
	free(later.actor);
	return r;
}

int undo_compare(struct undo *undo, const struct change_item *item, const char *present,
                 struct err *err)
{
	if (text_same(present, item->new_value))
		return 1;
	if (text_same(present, item->old)) {
		undo->unchanged++;
		return 0;
	}
	return undo_conflict(undo, item, err);
}

/* ---- settings and secrets -------------------------------------------------------------------- */

/* The value stored at that scope, NULL: none. */
static int stored(struct undo *undo, enum setting_key key, int64_t domain_id,
                  char **ret_text, struct err *err)
{
	struct setting_value value;
	int r = setting_get(undo->store, key, domain_id, &value, err);
	if (r < 0)
		return r;
	bool is_here =
		value.source == (domain_id ? SETTING_FROM_DOMAIN : SETTING_FROM_SERVER);
	*ret_text = is_here ? value.text : NULL;
	if (!is_here)
		setting_value_done(&value);
	return 0;
}

static int undo_setting(struct undo *undo, const struct change_item *item,
                        struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_free char *present = NULL;
	auto_free char *canonical = NULL;
	enum setting_key key;
	int r = setting_find(item->field, &key, err);
	if (r >= 0 && item->domain)
		r = domain_look(undo->store, item->domain, &domain, err);
	if (r < 0)
		return r;
	if (item->domain && !domain.id)
		return err_set(err, ERR_FAILED, _("the domain %s no longer exists"),
		               item->domain);
	r = stored(undo, key, domain.id, &present, err);
	if (r >= 0)
		r = undo_compare(undo, item, present, err);
	if (r <= 0)
		return r;
	if (!item->domain && item->old)
		r = setting_parse(&setting_table[key], item->old, &canonical, err);
	if (r < 0)
		return r;
	if (!item->domain)
		return domain_life_set_inherited(undo->store, undo->ctx, key, canonical,
		                                 err);
	if (key == SET_DKIM_SIGN)
		return undo_sign(undo, item, err);
	return domain_life_set(undo->store, undo->ctx, &domain, key, item->old, err);
}

/* The first secret was created with srs.enabled, and is kept: addresses that it signed are still in
 * use. */
static int undo_secret(struct undo *undo, const struct change_item *item, struct err *err)
{
	if (!item->old && undo_find(undo, "setting", NULL, "srs.enabled")) {
		undo->follows++;
		return 0;
	}
	return err_set(err, ERR_FAILED,
	               _("change %" PRId64 " replaced %s, and secrets are not "
	                 "restored; to set another one, run \"mailauthctl server set "
	                 "%s\""),
	               undo->id, item->field, item->field);
}

/* ---- the walk -------------------------------------------------------------------------------- */

static int undo_nothing(struct undo *undo, const struct change_item *item,
                        struct err *err)
{
	(void)item;
	(void)err;
	undo->follows++;
	return 0;
}

/* The first row that matches counts; field NULL: any. */
static const struct undo_kind {
	const char *object, *field;
	int (*take_back)(struct undo *undo, const struct change_item *item,
	                 struct err *err);
} kinds[] = {
	{ "change", NULL, undo_nothing },
	{ "domain", "alias-of", undo_alias },
	{ "domain", "domain", undo_domain },
	{ "domain", "name", undo_rename },
	{ "domain", "suspended", undo_suspension },
	{ "key", NULL, undo_key },
	{ "record", NULL, undo_record },
	{ "secret", NULL, undo_secret },
	{ "setting", NULL, undo_setting },
	{ "template", "applied", undo_applied },
	{ "template", "applied to all", undo_applied_all },
	{ "template", NULL, undo_template },
};

static int undo_item(struct undo *undo, const struct change_item *item, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].object, item->object) == 0 &&
		    (!kinds[i].field || strcmp(kinds[i].field, item->field) == 0))
			return kinds[i].take_back(undo, item, err);
	return err_set(err, ERR_FAILED,
	               _("change %" PRId64 " is about \"%s %s\", which this version of "
	                 "mailauthctl does not support"),
	               undo->id, item->object, item->field);
}

static int collect(void *arg, const struct change_item *item, struct err *err)
{
	struct undo *undo = arg;
	(void)err;
	GROW(undo->item, undo->count, undo->room);
	undo->item[undo->count++] = (struct change_item){
		.object = xstrdup(item->object),
		.domain = xstrdup(item->domain),
		.field = xstrdup(item->field),
		.ref = xstrdup(item->ref),
		.old = xstrdup(item->old),
		.new_value = xstrdup(item->new_value),
	};
	return 0;
}

static void free_text(const char *text)
{
	free((char *)(uintptr_t)text);
}

static void undo_done(struct undo *undo)
{
	for (size_t i = 0; i < undo->count; i++) {
		free_text(undo->item[i].object);
		free_text(undo->item[i].domain);
		free_text(undo->item[i].field);
		free_text(undo->item[i].ref);
		free_text(undo->item[i].old);
		free_text(undo->item[i].new_value);
	}
	free(undo->item);
	names_done(&undo->warnings);
}

/* The items of the change to undo.  The open change is newer than all that can be undone. */
static int load(struct undo *undo, struct err *err)
{
	struct generation now = { 0, 0 };
	int r = generation_now(undo->store, &now, err);
	if (r >= 0 && undo->id >= now.id)
		return err_set(err, ERR_MISSING, _("change %" PRId64 " does not exist"),
		               undo->id);
	return r < 0 ? r : change_items(undo->store, undo->id, collect, undo, err);
}

/* Only a consequence of another change, which is named if it is found. */
static int refuse_facts(const struct undo *undo, struct err *err)
{
	int64_t cause = 0;
	int r = store_get_int(undo->store, &cause, err,
	                      "SELECT max(change_id) FROM change_item WHERE domain = ?1"
	                      " AND change_id < ?2 AND object = 'setting'"
	                      " AND field = 'dkim.sign'",
	                      "ti", undo->item[0].domain, undo->id);
	if (r < 0)
		return r;
	auto_free char *hint =
		cause ? xasprintf(_("; it was caused by change %" PRId64), cause)
		      : xstrdup("");
	return err_set(err, ERR_FAILED,
	               _("change %" PRId64 " records the states of keys and their "
	                 "records, which follow from settings, exports and time%s"),
	               undo->id, hint);
}

static int check_anything(const struct undo *undo, struct err *err)
{
	if (undo->unchanged + undo->follows < undo->count)
		return 0;
	if (!undo->unchanged)
		return refuse_facts(undo, err);
	return err_set(err, ERR_FAILED, _("change %" PRId64 " is undone already"),
	               undo->id);
}

int undo_change(struct store *store, struct ctx *ctx, int64_t id, bool is_forced,
                void (*touched)(void *arg, const char *domain), void *arg,
                struct err *err)
{
	cleanup(undo_done) struct undo undo = { .store = store,
		                                .ctx = ctx,
		                                .id = id,
		                                .is_forced = is_forced,
		                                .touched = touched,
		                                .arg = arg };
	auto_free char *number = xasprintf("%" PRId64, id);
	int r = load(&undo, err);
	if (r >= 0)
		r = change_note(store, "change", NULL, "undo", NULL, number, err);
	for (size_t i = undo.count; r >= 0 && i > 0; i--)
		r = undo_item(&undo, &undo.item[i - 1], err);
	if (r >= 0)
		r = check_anything(&undo, err);
	if (r >= 0)
		r = template_drop_same(store, err);
	if (r >= 0)
		r = srs_secret_ensure(store, ctx, err);
	for (size_t i = 0; r >= 0 && i < undo.warnings.count; i++)
		ctx_report(ctx, REPORT_WARNING, "%s", undo.warnings.name[i]);
	return r < 0 ? r : 0;
}
