/* Undoing changes of records: a domain's own, the template's, and the revision that a domain
 * follows. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/record/record.h"
#include "core/model/record/template.h"
#include "core/model/record/template_edit.h"
#include "core/model/undo/undo_inner.h"

/* Trails of the first version do not record which record it was. */
static int check_ref(const struct undo *undo, const struct change_item *item,
                     struct err *err)
{
	if (item->ref)
		return 0;
	auto_free char *subject = undo_subject(item);
	return err_set(err, ERR_FAILED,
	               _("change %" PRId64 " was made by an earlier version of "
	                 "mailauthctl and does not name its record: %s"),
	               undo->id, subject);
}

int undo_record(struct undo *undo, const struct change_item *item, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_free char *present = NULL;
	int r = check_ref(undo, item, err);
	if (r >= 0)
		r = domain_look(undo->store, item->domain, &domain, err);
	if (r == 0)
		return err_set(err, ERR_FAILED, _("the domain %s no longer exists"),
		               item->domain);
	/* of the removed domain, a record of the template that it had removed */
	if (r > 0 && undo_has_removed(undo, item->domain))
		return record_restore(undo->store, &domain, item->ref, item->field,
		                      item->old, err);
	if (r > 0)
		r = record_look(undo->store, &domain, item->ref, item->field, &present,
		                err);
	if (r >= 0)
		r = undo_compare(undo, item, present, err);
	if (r > 0)
		r = record_restore(undo->store, &domain, item->ref, item->field,
		                   item->old, err);
	return r;
}

int undo_template(struct undo *undo, const struct change_item *item, struct err *err)
{
	auto_free char *present = NULL;
	int r = check_ref(undo, item, err);
	if (r >= 0)
		r = template_look(undo->store, item->ref, item->field, &present, err);
	if (r >= 0)
		r = undo_compare(undo, item, present, err);
	if (r > 0)
		r = template_restore(undo->store, item->ref, item->field, item->old, err);
	return r;
}

static int refuse_revision(const struct undo *undo, struct err *err)
{
	return err_set(err, ERR_FAILED,
	               _("change %" PRId64 " was made by an earlier version of "
	                 "mailauthctl and does not name the template that the domains "
	                 "used"),
	               undo->id);
}

int undo_applied(struct undo *undo, const struct change_item *item, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	int64_t old = 0;
	if (!template_parse_revision(item->old, &old))
		return refuse_revision(undo, err);
	int r = domain_look(undo->store, item->domain, &domain, err);
	if (r == 0)
		return err_set(err, ERR_FAILED, _("the domain %s no longer exists"),
		               item->domain);
	if (r > 0 && item->new_value) {
		auto_free char *present =
			xasprintf("revision %" PRId64, domain.template_rev);
		r = undo_compare(undo, item, present, err);
	}
	if (r > 0)
		r = template_follow(undo->store, &domain, old, err);
	/* a domain that is restored then gets the newest one */
	if (r == ERR_FAILED && !item->new_value) {
		undo_warn(undo, "%s: %s", item->domain, err->text);
		err_clear(err);
		r = 0;
	}
	return r;
}

/* If the domains followed different revisions, there are rows for each. */
int undo_applied_all(struct undo *undo, const struct change_item *item, struct err *err)
{
	int64_t old = 0, rev = 0;
	bool differs = false;
	if (!template_parse_revision(item->new_value, &rev))
		return refuse_revision(undo, err);
	if (!item->old && undo_find(undo, "template", NULL, "applied")) {
		undo->follows++;
		return 0;
	}
	if (!template_parse_revision(item->old, &old))
		return refuse_revision(undo, err);
	int r = template_follow_all(undo->store, rev, old, undo->id, undo->is_forced,
	                            &differs, err);
	if (r >= 0 && differs && !undo->is_forced)
		r = undo_conflict(undo, item, err);
	return r;
}
