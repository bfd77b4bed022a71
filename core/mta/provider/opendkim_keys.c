/*
 * Key files: those that changed names require, and those that are obsolete.
 *
 * A key file belongs to the main domain that owns the key; aliases sign with the same file.  A name
 * that changed is therefore processed together with its main domain and that one's other aliases,
 * and files are compared for whole main domains.
 */
#include "core/mta/provider/opendkim.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

struct name {
	char *text;
	bool is_asked; /* it changed itself (not only an alias of it) */
	bool signs;
};

struct wanted {
	char *main_name, *selector;
	int64_t key_id;
	const char *algorithm; /* a literal */
	struct digest fingerprint;
};

struct opendkim_keys {
	const struct desired *desired;
	struct name *name; /* sorted, each once */
	size_t names, name_room;
	struct wanted *wanted;
	size_t wants, want_room;
	char *first_name, *first_selector; /* of all that sign */
	char *moved_name, *moved_selector; /* of those that changed */
	struct wanted
		sample; /* represents the others if none changed: their rights are the same */
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static struct name *find(struct opendkim_keys *keys, const char *name)
{
	struct name key;
	memcpy(&key.text, &name, sizeof(name));
	return keys->names ? bsearch(&key, keys->name, keys->names, sizeof(key),
	                             compare_names)
	                   : NULL;
}

static void add_name(struct opendkim_keys *keys, const char *name, bool is_asked)
{
	GROW(keys->name, keys->names, keys->name_room);
	keys->name[keys->names++] = (struct name){ xstrdup(name), is_asked, false };
}

static int take_sharing(void *arg, const char *name, struct err *err)
{
	(void)err;
	add_name(arg, name, false);
	return 0;
}

static int take_moved(void *arg, const char *name, struct err *err)
{
	struct opendkim_keys *keys = arg;
	add_name(keys, name, true);
	return keys->desired->is_everything
	               ? 0
	               : desired_each_sharing(keys->desired, name, take_sharing, keys,
	                                      err);
}

static void sort_names(struct opendkim_keys *keys)
{
	size_t kept = 0;
	if (keys->names > 1)
		qsort(keys->name, keys->names, sizeof(keys->name[0]), compare_names);
	for (size_t i = 0; i < keys->names; i++) {
		if (kept && strcmp(keys->name[kept - 1].text, keys->name[i].text) == 0) {
			keys->name[kept - 1].is_asked |= keys->name[i].is_asked;
			free(keys->name[i].text);
		} else {
			keys->name[kept++] = keys->name[i];
		}
	}
	keys->names = kept;
}

int opendkim_keys_new(const struct desired *desired, struct opendkim_keys **ret_keys,
                      struct err *err)
{
	struct opendkim_keys *keys = xcalloc(1, sizeof(*keys));
	keys->desired = desired;
	int r = desired_each_moved(desired, take_moved, keys, err);
	if (r < 0) {
		opendkim_keys_free(keys);
		return r;
	}
	sort_names(keys);
	*ret_keys = keys;
	return 0;
}

void opendkim_keys_free(struct opendkim_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < keys->names; i++)
		free(keys->name[i].text);
	for (size_t i = 0; i < keys->wants; i++) {
		free(keys->wanted[i].main_name);
		free(keys->wanted[i].selector);
	}
	free(keys->name);
	free(keys->wanted);
	free(keys->first_name);
	free(keys->first_selector);
	free(keys->sample.main_name);
	free(keys->sample.selector);
	free(keys->moved_name);
	free(keys->moved_selector);
	free(keys);
}

size_t opendkim_keys_count(const struct opendkim_keys *keys)
{
	return keys->names;
}

const char *opendkim_keys_name(const struct opendkim_keys *keys, size_t i)
{
	return keys->name[i].text;
}

static struct wanted wanted_of(const struct signing_row *row)
{
	return (struct wanted){
		.main_name = xstrdup(row->main_name),
		.selector = xstrdup(row->selector),
		.key_id = row->key_id,
		.algorithm = strcmp(row->algorithm, "rsa") == 0 ? "rsa" : "ed25519",
		.fingerprint = row->fingerprint,
	};
}

void opendkim_keys_chosen(void *arg, const struct signing_row *row)
{
	struct opendkim_keys *keys = arg;
	struct name *own = find(keys, row->name);
	if (own)
		own->signs = true;
	if (!keys->first_name) {
		keys->first_name = xstrdup(row->name);
		keys->first_selector = xstrdup(row->selector);
		keys->sample = wanted_of(row);
	}
	if (own && own->is_asked && !keys->moved_name) {
		keys->moved_name = xstrdup(row->name);
		keys->moved_selector = xstrdup(row->selector);
	}
	if (!find(keys, row->main_name))
		return;
	GROW(keys->wanted, keys->wants, keys->want_room);
	keys->wanted[keys->wants++] = wanted_of(row);
}

static int compare_wanted(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;
	int order = strcmp(x->main_name, y->main_name);
	return order ? order : strcmp(x->selector, y->selector);
}

/* The key file and the folder of a domain; the caller frees. */
static char *folder_of(const struct opendkim_place *place, const char *main_name)
{
	return xasprintf("%s%s/%s", place->prefix,
	                 place->keys ? place->keys : OPENDKIM_KEYS, main_name);
}

static char *path_of(const struct opendkim_place *place, const struct wanted *wanted)
{
	auto_free char *folder = folder_of(place, wanted->main_name);
	return xasprintf("%s/%s%s", folder, wanted->selector,
	                 place->ending ? place->ending : OPENDKIM_KEY_ENDING);
}

static void expect_key(const struct wanted *wanted, const struct opendkim_place *place,
                       struct plan *plan)
{
	auto_free char *path = path_of(place, wanted);
	plan_expect_key(plan, path, wanted->main_name, wanted->selector,
	                wanted->algorithm, &wanted->fingerprint);
}

static int plan_key(const struct opendkim_keys *keys, const struct wanted *wanted,
                    const struct opendkim_place *place, struct plan *plan,
                    struct err *err)
{
	auto_secret pem = SECRET_INIT;
	struct digest digest;
	int r = desired_key_pem(keys->desired, wanted->key_id, &pem, err);
	if (r < 0)
		return r;
	digest_of(pem.at, pem.len, &digest);
	auto_free char *path = path_of(place, wanted);
	plan_file_key(plan, RANK_DATA, path, wanted->key_id, &digest, place->key,
	              plan_cause(plan, CAUSE_KEYS))
		->domain = xstrdup(wanted->main_name);
	expect_key(wanted, place, plan);
	size_t steps = plan->count;
	r = plan_skip_done(plan, err);
	if (r == 0 && plan->count < steps)
		plan->key[plan->keys - 1].held_id = wanted->key_id;
	return r;
}

struct leftovers {
	const struct opendkim_keys *keys;
	const struct opendkim_place *place;
	struct plan *plan;
	const char *main_name;
	size_t first, last; /* the wanted files of this domain */
	size_t removed;
};

static int take_leftover(void *arg, const char *path, struct err *err)
{
	struct leftovers *l = arg;
	(void)err;
	if (!text_ends(path, l->place->ending ? l->place->ending : OPENDKIM_KEY_ENDING))
		return 0; /* a file of another kind */
	for (size_t i = l->first; i < l->last; i++) {
		const struct wanted *wanted = &l->keys->wanted[i];
		auto_free char *own = path_of(l->place, wanted);
		if (strcmp(path, own) == 0)
			return 0;
	}
	struct step *step = plan_remove(l->plan, RANK_LEFTOVERS, path, 0);
	step->is_secret = true;
	step->domain = xstrdup(l->main_name);
	l->removed++;
	return 0;
}

/* One main domain: its folder, its files, and those that are obsolete. */
static int plan_domain(const struct opendkim_keys *keys,
                       const struct opendkim_place *place, const char *name, size_t first,
                       size_t last, struct plan *plan, struct err *err)
{
	struct leftovers leftovers = { .keys = keys,
		                       .place = place,
		                       .plan = plan,
		                       .main_name = name,
		                       .first = first,
		                       .last = last };
	auto_free char *folder = folder_of(place, name);
	int r = 0;
	if (first < last) {
		plan_mkdir(plan, RANK_DATA, folder, place->key_folder)->domain =
			xstrdup(name);
		r = plan_skip_done(plan, err);
	}
	for (size_t i = first; r == 0 && i < last; i++)
		r = plan_key(keys, &keys->wanted[i], place, plan, err);
	if (r < 0)
		return r;
	r = desired_each_owned(keys->desired, name, take_leftover, &leftovers, err);
	if (r == 0 && leftovers.removed && first == last) {
		struct step *step =
			plan_mkdir(plan, RANK_LEFTOVERS, folder, FILE_META_KEEP);
		step->is_present = false;
		step->domain = xstrdup(name);
	}
	return r;
}

static void tell_found(const struct opendkim_keys *keys, struct opendkim_plan *ret_found)
{
	const char *name = keys->moved_name ? keys->moved_name : keys->first_name;
	const char *selector =
		keys->moved_name ? keys->moved_selector : keys->first_selector;
	*ret_found = (struct opendkim_plan){ .signing_name = xstrdup(name),
		                             .signing_selector = xstrdup(selector) };
	for (size_t i = 0; i < keys->names && !ret_found->stopped_name; i++)
		if (keys->name[i].is_asked && !keys->name[i].signs &&
		    !keys->desired->is_everything)
			ret_found->stopped_name = xstrdup(keys->name[i].text);
}

int opendkim_keys_plan(struct opendkim_keys *keys, const struct opendkim_place *place,
                       struct plan *plan, struct opendkim_plan *ret_found,
                       struct err *err)
{
	size_t kept = 0;
	if (keys->wants > 1)
		qsort(keys->wanted, keys->wants, sizeof(keys->wanted[0]), compare_wanted);
	for (size_t i = 0; i < keys->wants; i++) {
		if (kept &&
		    compare_wanted(&keys->wanted[kept - 1], &keys->wanted[i]) == 0) {
			free(keys->wanted[i].main_name);
			free(keys->wanted[i].selector);
		} else {
			keys->wanted[kept++] = keys->wanted[i];
		}
	}
	keys->wants = kept;
	size_t first = 0;
	for (size_t i = 0; i < keys->names; i++) {
		const char *name = keys->name[i].text;
		while (first < keys->wants &&
		       strcmp(keys->wanted[first].main_name, name) < 0)
			first++;
		size_t last = first;
		while (last < keys->wants &&
		       strcmp(keys->wanted[last].main_name, name) == 0)
			last++;
		int r = plan_domain(keys, place, name, first, last, plan, err);
		if (r < 0)
			return r;
		first = last;
	}
	if (keys->wants == 0 && keys->sample.main_name)
		expect_key(&keys->sample, place, plan);
	tell_found(keys, ret_found);
	return 0;
}
