/* Reports as files: one for each name of the store, compared for names that changed. */
#include "core/mta/mailenable/mailenable_files.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

#define ENDING ".txt"

struct reports {
	const struct desired *desired;
	bool is_wanted;
	enum mailenable_edition edition;
	struct plan *plan;
	const char *kept; /* the report of the name at hand; NULL: it has none */
};

struct keys {
	struct mailenable_key *key;
	size_t count, room;
};

static void keys_done(struct keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		free(keys->key[i].selector);
	free(keys->key);
}

static int take_key(void *arg, const struct signing_row *row, struct err *err)
{
	struct keys *keys = arg;
	(void)err;
	GROW(keys->key, keys->count, keys->room);
	keys->key[keys->count++] =
		(struct mailenable_key){ xstrdup(row->selector),
		                         strcmp(row->algorithm, "rsa") == 0 };
	return 0;
}

static char *path_of(const struct reports *reports, const char *name)
{
	return xasprintf("%s/" MAILENABLE_FOLDER "/%s" ENDING,
	                 reports->desired->directory_path, name);
}

static bool is_report(const char *path)
{
	return strstr(path, "/" MAILENABLE_FOLDER "/") && text_ends(path, ENDING);
}

static int take_leftover(void *arg, const char *path, struct err *err)
{
	struct reports *reports = arg;
	(void)err;
	if (is_report(path) && !text_same(path, reports->kept))
		plan_remove(reports->plan, RANK_LEFTOVERS, path, 0);
	return 0;
}

static int plan_report(struct reports *reports, const char *name, const char *path,
                       const struct record_list *records, struct err *err)
{
	cleanup(keys_done) struct keys keys = { 0 };
	auto_buf text = BUF_INIT;
	struct signing_wish wish;
	int r = desired_each_signing_of(reports->desired, name, take_key, &keys, err);
	if (r == 0)
		r = desired_wish(reports->desired, name, &wish, err);
	if (r != 0)
		return r;
	const struct mailenable_facts facts = {
		.edition = reports->edition,
		.name = name,
		.desired = reports->desired,
		.records = records,
		.key = keys.key,
		.keys = keys.count,
		.is_waiting = wish.is_wanted && !keys.count,
	};
	mailenable_report(&facts, &text);
	plan_file_take(reports->plan, RANK_CONSUMERS, path, &text,
	               (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID }, 0)
		->domain = xstrdup(name);
	return plan_skip_done(reports->plan, err);
}

static int plan_name(void *arg, const char *name, struct err *err)
{
	struct reports *reports = arg;
	auto_record_list records = RECORD_LIST_INIT;
	auto_free char *path = path_of(reports, name);
	bool is_there = false;
	int r = reports->is_wanted ? desired_records(reports->desired, name, &is_there,
	                                             &records, err)
	                           : 0;
	if (r == 0 && is_there)
		r = plan_report(reports, name, path, &records, err);
	if (r != 0)
		return r;
	reports->kept = is_there ? path : NULL;
	r = desired_each_owned(reports->desired, name, take_leftover, reports, err);
	reports->kept = NULL;
	return r;
}

int mailenable_plan_reports(const struct desired *desired, bool is_wanted,
                            enum mailenable_edition edition, struct plan *plan,
                            struct err *err)
{
	struct reports reports = { desired, is_wanted, edition, plan, NULL };
	/* each report has the settings of the server */
	return desired->has_new_settings && !desired->is_everything
	               ? desired_each_name(desired, plan_name, &reports, err)
	               : desired_each_moved(desired, plan_name, &reports, err);
}
