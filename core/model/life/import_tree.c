/*
 * Importing keys, second part: which of them sign, and creating the keys.
 *
 * Of several keys of one kind of a domain, one signs only if a table, DNS or the administrator
 * selects it.  The order of files decides nothing.
 */
#include "core/model/life/import_tree.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/domain/domain.h"
#include "core/model/key/key.h"
#include "core/model/key/key_crypto.h"
#include "core/model/key/keyring.h"
#include "core/model/key/publish.h"
#include "core/model/life/import_tree_inner.h"
#include "core/model/record/records.h"
#include "core/model/setting/setting.h"
#include "dnszone/dkim/dkim_record.h"
#include "dnszone/name/name.h"

static void item_done(struct import_item *item)
{
	free(item->file);
	free(item->path);
	free(item->domain);
	free(item->selector);
	free(item->detail);
}

void import_done(struct import *import)
{
	for (size_t i = 0; i < import->count; i++)
		item_done(&import->item[i]);
	free(import->item);
	if (import->has_tree)
		ctx_done(&import->tree);
	*import = (struct import){ .tree = { .root_fd = -1 } };
}

int import_default_selector(const struct import *import, struct ctx *ctx,
                            struct store *store, struct import_item *item,
                            struct err *err)
{
	auto_free char *selector = NULL;
	auto_domain domain = DOMAIN_INIT;
	char label[NAME_SIZE];
	int r = 0;
	if (import->selector) {
		r = name_parse_selector(import->selector, label, err);
		if (r >= 0)
			item->selector = xstrdup(label);
		return r;
	}
	if (store)
		r = domain_look(store, item->domain, &domain, err);
	if (r >= 0 && store)
		r = key_choose_selector(store, ctx, domain.id, item->domain,
		                        item->algorithm, false, &selector, err);
	if (r < 0)
		return r;
	item->selector = xstrdup(store ? selector : "default");
	free(item->detail);
	item->detail = xasprintf(
		_("its selector is not known: %s is used; set another with --selector"),
		item->selector);
	return 0;
}

/* ---- what is there twice --------------------------------------------------------------------------- */

static int compare_items(const void *a, const void *b)
{
	const struct import_item *x = a, *y = b;
	int order = strcmp(x->file, y->file);
	if (order == 0)
		order = strcmp(x->domain ? x->domain : "", y->domain ? y->domain : "");
	if (order == 0)
		order = strcmp(x->selector ? x->selector : "",
		               y->selector ? y->selector : "");
	return order ? order : (int)y->is_named - (int)x->is_named;
}

/* Rows that two tables have in common. */
static void drop_doubles(struct import *import)
{
	size_t kept = 0;
	for (size_t i = 0; i < import->count; i++) {
		struct import_item *item = &import->item[i];
		const struct import_item *last = kept ? &import->item[kept - 1] : NULL;
		if (last && item->domain && strcmp(last->file, item->file) == 0 &&
		    text_same(last->domain, item->domain) &&
		    text_same(last->selector, item->selector))
			item_done(item);
		else
			import->item[kept++] = *item;
	}
	import->count = kept;
}

/* Keys of one domain are adjacent, those that a table names first. */
static int compare_keys(const void *a, const void *b)
{
	const struct import_item *x = *(struct import_item *const *)a;
	const struct import_item *y = *(struct import_item *const *)b;
	int order = strcmp(x->domain, y->domain);
	if (order == 0)
		order = strcmp(x->algorithm, y->algorithm);
	if (order == 0)
		order = (int)y->is_named - (int)x->is_named;
	if (order == 0 && x->is_named)
		order = (x->rank > y->rank) - (x->rank < y->rank);
	return order ? order : (x > y) - (x < y);
}

/* The items that become keys, in that order.  Caller frees. */
static struct import_item **keys_of(const struct import *import, size_t *ret_count)
{
	struct import_item **key =
		xcalloc(import->count + 1, sizeof(struct import_item *));
	size_t count = 0;
	for (size_t i = 0; i < import->count; i++)
		if (import->item[i].fate == IMPORT_KEY)
			key[count++] = &import->item[i];
	SORT(key, count, compare_keys);
	*ret_count = count;
	return key;
}

static bool is_same_key(const struct import_item *a, const struct import_item *b)
{
	return memcmp(a->fingerprint.at, b->fingerprint.at, sizeof(a->fingerprint.at)) ==
	       0;
}

static void pass_same(struct import_item *item, const struct import_item *other)
{
	auto_free char *text = xasprintf(_("the same key as in %s"), other->file);
	import_item_say(item, IMPORT_PASSED, text);
}

static void judge_pair(struct import_item *first, struct import_item *second)
{
	bool is_same_selector = strcmp(first->selector, second->selector) == 0;
	if (first->fate != IMPORT_KEY || second->fate != IMPORT_KEY)
		return;
	if (is_same_key(first, second)) {
		/* under two selectors: the table that names one of them decides, else DNS may */
		int more = (first->is_named * 2 + first->has_record) -
		           (second->is_named * 2 + second->has_record);
		if (is_same_selector || more > 0)
			pass_same(second, first);
		else if (more < 0)
			pass_same(first, second);
	} else if (is_same_selector) {
		auto_free char *text = xasprintf(
			_("%s holds a different key for the same selector: import the "
		          "right one with \"mailauthctl key import %s %s --private "
		          "FILE\""),
			first->file, second->domain, second->selector);
		import_item_say(second, IMPORT_REFUSED, text);
	}
}

/* Of keys with the same selector none is imported, except one that a table names. */
static void judge_first(struct import_item *first, struct import_item *const *others,
                        size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct import_item *other = others[i];
		if (first->fate != IMPORT_KEY || other->fate != IMPORT_REFUSED ||
		    (first->is_named && !other->is_named) ||
		    strcmp(first->selector, other->selector) != 0)
			continue;
		auto_free char *text = xasprintf(
			_("%s holds a different key for the same selector: import the "
		          "right one with \"mailauthctl key import %s %s --private "
		          "FILE\""),
			other->file, first->domain, first->selector);
		import_item_say(first, IMPORT_REFUSED, text);
	}
}

static size_t same_domain(struct import_item *const *key, size_t count, size_t from)
{
	size_t to = from + 1;
	while (to < count && strcmp(key[to]->domain, key[from]->domain) == 0)
		to++;
	return to;
}

/* ---- what the database has --------------------------------------------------------------------------- */

static void compare_with(struct import_item *const *item, size_t count,
                         const struct key *have)
{
	for (size_t i = 0; i < count; i++) {
		if (memcmp(item[i]->fingerprint.at, have->fingerprint.at,
		           sizeof(have->fingerprint.at)) != 0)
			continue;
		auto_free char *text =
			xasprintf(_("%s already has this key with the selector %s"),
		                  have->domain, have->selector);
		import_item_say(item[i], IMPORT_THERE, text);
		free(item[i]->selector);
		item[i]->selector = xstrdup(have->selector);
	}
}

static int compare_with_store(struct store *store, struct import_item *const *key,
                              size_t count, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_stmt keys = NULL;
	struct key have;
	int r = store ? domain_look(store, key[0]->domain, &domain, err) : 0;
	if (r > 0)
		r = key_query(store, domain.id, &keys, err);
	while (r >= 0 && (r = key_next(keys, &have, err)) > 0)
		compare_with(key, count, &have);
	return r;
}

int import_sort(struct import *import, struct store *store, struct err *err)
{
	size_t count;
	int r = 0;
	SORT(import->item, import->count, compare_items);
	drop_doubles(import);
	auto_free struct import_item **key = keys_of(import, &count);
	for (size_t from = 0, to; r >= 0 && from < count; from = to) {
		to = same_domain(key, count, from);
		for (size_t i = from; i < to; i++) {
			for (size_t j = i + 1; j < to; j++)
				judge_pair(key[i], key[j]);
			judge_first(key[i], key + i + 1, to - i - 1);
		}
		r = compare_with_store(store, key + from, to - from, err);
	}
	return r;
}

/* ---- which of them sign ------------------------------------------------------------------------------- */

static bool is_chosen(const struct import *import, const struct import_item *item)
{
	return import->selector && strcmp(import->selector, item->selector) == 0;
}

/* Keys of one domain and kind. */
static void decide_rivals(const struct import *import, struct import_item **key,
                          size_t count)
{
	size_t chosen = 0, shown = 0, named = 0;
	struct import_item *signer = NULL;
	for (size_t i = 0; i < count; i++) {
		key[i]->signs = key[i]->is_rival = false;
		chosen += is_chosen(import, key[i]);
		shown += key[i]->is_public;
		named += key[i]->is_named;
	}
	/* if a table selects the signing key, the first of several lines counts */
	bool is_told = named == 1 || (named && import->says_who_signs);
	for (size_t i = count; i--;)
		if (chosen                   ? is_chosen(import, key[i])
		    : is_told                ? i == 0
		    : import->says_who_signs ? false
		    : shown == 1             ? key[i]->is_public
		                             : count == 1)
			signer = key[i];
	if (signer)
		signer->signs = true;
	for (size_t i = 0; i < count && !signer; i++)
		key[i]->is_rival = !import->says_who_signs;
}

void import_decide(struct import *import)
{
	size_t count;
	auto_free struct import_item **key = keys_of(import, &count);
	for (size_t from = 0, to; from < count; from = to) {
		for (to = from + 1; to < count; to++)
			if (strcmp(key[to]->domain, key[from]->domain) != 0 ||
			    strcmp(key[to]->algorithm, key[from]->algorithm) != 0)
				break;
		decide_rivals(import, key + from, to - from);
	}
}

int import_record(const struct import *import, const struct import_item *item,
                  char **ret_record, struct err *err)
{
	auto_secret octets = SECRET_INIT;
	auto_key_pair pair = { 0 };
	bool follow = !import->has_tree || item->at != &import->tree;
	int r = import_read_key(item->at, item->path, follow, &octets, err);
	if (r >= 0)
		r = key_parse_private(octets.at, octets.len, &pair, err);
	if (r >= 0)
		*ret_record = dkim_record_text(pair.algorithm, pair.public_key,
		                               pair.public_len);
	return r;
}

/* ---- making keys --------------------------------------------------------------------------------------- */

int import_key(struct ctx *ctx, struct store *store, const char *domain_name,
               const char *selector_text, const void *octets, size_t len,
               bool is_enabling, bool is_parked, bool is_sign_now, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_key_pair pair = { 0 };
	char selector[NAME_SIZE];
	bool signs;
	int r = name_parse_selector(selector_text, selector, err);
	if (r >= 0)
		r = domain_find(store, domain_name, &domain, err);
	if (r >= 0)
		r = key_parse_private(octets, len, &pair, err);
	if (r >= 0)
		r = setting_bool(store, SET_DKIM_SIGN, domain.id, &signs, err);
	if (r >= 0 && is_enabling && !signs) {
		r = keyring_check_enable(store, &domain, err);
		if (r >= 0)
			r = setting_set(store, SET_DKIM_SIGN, domain.id, domain.name,
			                "on", err);
	}
	if (r >= 0)
		r = keyring_import(store, ctx, &domain, selector, &pair, is_parked, err);
	if (r >= 0 && !is_parked)
		r = is_sign_now ? publish_mark(store, ctx, &domain, 0, KEY_SAID, err)
		                : publish_refresh(store, ctx, &domain, err);
	if (r >= 0)
		r = records_check_domain(store, &domain, err);
	return r;
}

static int add_domain(struct ctx *ctx, struct store *store, const char *name,
                      struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	int r = domain_look(store, name, &domain, err);
	if (r == 0)
		r = domain_add(store, ctx, name, NULL, &domain, err);
	return r < 0 ? r : 0;
}

static int run_item(struct import *import, struct ctx *ctx, struct store *store,
                    const struct import_item *item, bool is_sign_now, struct err *err)
{
	auto_secret octets = SECRET_INIT;
	struct key_sight sight;
	bool follow = !import->has_tree || item->at != &import->tree;
	int r = import_read_key(item->at, item->path, follow, &octets, err);
	if (r >= 0)
		r = key_look_private(octets.at, octets.len, &sight, err);
	if (r >= 0 && memcmp(sight.fingerprint.at, item->fingerprint.at,
	                     sizeof(sight.fingerprint.at)) != 0)
		r = err_set(err, ERR_FAILED,
		            _("it changed during the import; try again"));
	if (r >= 0)
		r = add_domain(ctx, store, item->domain, err);
	if (r >= 0)
		r = import_key(ctx, store, item->domain, item->selector, octets.at,
		               octets.len, item->signs, !item->signs, is_sign_now, err);
	return r;
}

/* Keys are independent: a failure rolls back to the savepoint of that key. */
static int try_item(struct import *import, struct ctx *ctx, struct store *store,
                    struct import_item *item, bool is_sign_now, struct err *err)
{
	int r = store_part_begin(store, err);
	if (r < 0)
		return r;
	r = run_item(import, ctx, store, item, is_sign_now, err);
	if (r >= 0)
		return store_part_end(store, true, err);
	import_item_say(item, IMPORT_REFUSED, err->text);
	err_clear(err);
	return store_part_end(store, false, err);
}

/* One key under several selectors: only the one that signs is kept, or none. */
static void choose_selectors(struct import *import)
{
	size_t count;
	auto_free struct import_item **key = keys_of(import, &count);
	for (size_t from = 0, to; from < count; from = to) {
		to = same_domain(key, count, from);
		for (size_t i = from; i < to; i++)
			for (size_t j = from; j < to; j++) {
				struct import_item *a = key[i], *b = key[j];
				if (a == b || !is_same_key(a, b) ||
				    a->fate == IMPORT_PASSED || b->fate == IMPORT_PASSED)
					continue;
				if (a->signs)
					pass_same(b, a);
				else if (!b->signs && a->fate == IMPORT_KEY) {
					auto_free char *text = xasprintf(
						_("%s holds the same key for another "
					          "selector: choose one with --selector "
					          "%s"),
						b->file, a->selector);
					import_item_say(a, IMPORT_REFUSED, text);
				}
			}
	}
}

int import_run(struct import *import, struct ctx *ctx, struct store *store,
               bool is_sign_now, struct err *err)
{
	int r = 0;
	choose_selectors(import);
	for (size_t i = 0; r >= 0 && i < import->count; i++) {
		struct import_item *item = &import->item[i];
		if (item->fate == IMPORT_KEY)
			r = try_item(import, ctx, store, item, is_sign_now, err);
	}
	return r;
}

struct import_counts import_count(const struct import *import)
{
	struct import_counts counts = { 0 };
	for (size_t i = 0; i < import->count; i++) {
		const struct import_item *item = &import->item[i];
		counts.imported += item->fate == IMPORT_KEY;
		counts.active += item->fate == IMPORT_KEY && item->signs;
		counts.there += item->fate == IMPORT_THERE;
		counts.passed += item->fate == IMPORT_PASSED;
		counts.refused += item->fate == IMPORT_REFUSED;
	}
	return counts;
}
