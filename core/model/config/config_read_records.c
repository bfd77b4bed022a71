/*
 * The lists of a document: records of templates and domains, and keys.
 *
 * Records are checked one by one, and for conflicts within one list; the other checks require the
 * store (records_check).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/config/config_inner.h"
#include "core/model/record/record_text.h"
#include "dnszone/name/name.h"
#include "dnszone/name/rr.h"

#define LIST_MAX 10000 /* items of one list: checks compare all pairs */

void config_records_done(struct config_records *records)
{
	for (size_t i = 0; i < records->count; i++)
		free(records->row[i].owner);
	free(records->row);
}

void config_keys_done(struct config_domain *domain)
{
	for (size_t i = 0; i < domain->key_count; i++)
		free(domain->key[i].selector);
	free(domain->key);
}

/* False (a fault): not a list, or too long. */
static bool check_list(struct config_reader *reader, const struct yaml_node *node)
{
	if (node->kind != YAML_LIST) {
		config_fault(reader, node, _("a list is required here; [] means none"));
		return false;
	}
	if (node->count <= LIST_MAX)
		return true;
	config_fault(reader, node, _("the list has more than %d items"), LIST_MAX);
	return false;
}

/* ---- one record ------------------------------------------------------------------------------ */

static void read_id(struct config_reader *reader, const struct yaml_node *node,
                    struct config_record *record)
{
	const char *text = config_text(reader, node);
	if (text && (*text != 't' || !text_to_int(text + 1, 1, INT64_MAX, &record->uid)))
		config_fault(
			reader, node,
			_("\"%.80s\" is not the id of a template record, such as t1"),
			text);
}

static void read_ttl(struct config_reader *reader, const struct yaml_node *node,
                     struct config_record *record)
{
	const char *text = config_text(reader, node);
	if (text && !text_to_int(text, 0, RR_TTL_MAX, &record->ttl) &&
	    (!text_to_duration(text, &record->ttl) || record->ttl > RR_TTL_MAX))
		config_fault(reader, node,
		             _("ttl must be a number of seconds or a duration, not "
		               "\"%.80s\""),
		             text);
}

/* `domain` NULL: of a template. */
static void read_owner(struct config_reader *reader, const struct yaml_node *node,
                       const char *domain, struct config_record *record)
{
	struct err err = ERR_INIT;
	const char *text = config_text(reader, node);
	if (text && record_text_owner(text, domain, &record->owner, &err) < 0)
		config_fault_err(reader, node, &err);
}

static void read_type(struct config_reader *reader, const struct yaml_node *node,
                      struct config_record *record)
{
	struct err err = ERR_INIT;
	const char *text = config_text(reader, node);
	if (text && rr_parse_type(text, record->type, &err) < 0)
		config_fault_err(reader, node, &err);
}

static void read_data(struct config_reader *reader, const struct yaml_node *node,
                      const char *domain, struct config_record *record)
{
	struct err err = ERR_INIT;
	const char *text = config_text(reader, node);
	record->data = node;
	if (!text || !record->owner || !*record->type)
		return;
	if (record_text_check(record->owner, record->type, text, domain, &record->kind,
	                      &err) < 0)
		config_fault_err(reader, node, &err);
}

/* False: the rest of it is not checked. */
static bool read_record(struct config_reader *reader, const struct yaml_node *node,
                        const char *domain, struct config_record *record)
{
	static const char *const keys[] = { "id",   "owner",   "type", "ttl",
		                            "data", "removed", NULL };
	const struct yaml_node *one;
	unsigned faults = reader->faults;
	*record = (struct config_record){ .node = node, .ttl = TTL_DEFAULT };
	config_check_keys(reader, node, keys);
	if (node->kind != YAML_MAP)
		return false;
	if ((one = yaml_get(node, "id")))
		read_id(reader, one, record);
	if ((one = yaml_get(node, "owner")))
		read_owner(reader, one, domain, record);
	if ((one = yaml_get(node, "type")))
		read_type(reader, one, record);
	if ((one = yaml_get(node, "ttl")))
		read_ttl(reader, one, record);
	if ((one = yaml_get(node, "data")))
		read_data(reader, one, domain, record);
	return reader->faults == faults;
}

/* A complete record: a domain's own, or a template's. */
static void check_whole(struct config_reader *reader, const struct config_record *record)
{
	if (!record->owner)
		config_fault(reader, record->node,
		             _("the owner of the record is missing"));
	else if (!*record->type)
		config_fault(reader, record->node,
		             _("the type of the record is missing"));
	else if (!record->data)
		config_fault(reader, record->node,
		             _("the data of the record is missing"));
}

/* A removal refers to the record of the template by its id and has no content. */
static void check_removed(struct config_reader *reader,
                          const struct config_record *record,
                          const struct yaml_node *removed)
{
	if (!record->uid)
		config_fault_key(reader, removed,
		                 _("only a record of the template can be marked as "
		                   "removed, by its id; omit other records"));
	else if (record->data)
		config_fault(reader, record->data,
		             _("a removed record cannot have data"));
	else if (record->ttl != TTL_DEFAULT)
		config_fault(reader, yaml_get(record->node, "ttl"),
		             _("a removed record cannot have a ttl"));
}

/* Owner and type of an edit may be omitted if it has an id. */
static void check_edit(struct config_reader *reader, const struct config_record *record)
{
	if (!record->owner != !*record->type)
		config_fault(reader, record->node,
		             _("owner and type must be given together, or both omitted "
		               "if there is an id"));
	else if (!record->data)
		config_fault(reader, record->node,
		             _("t%" PRId64 " has neither data nor \"removed: on\""),
		             record->uid);
}

static void check_record(struct config_reader *reader, const struct config_record *record,
                         bool is_domain)
{
	const struct yaml_node *removed = yaml_get(record->node, "removed");
	bool is_removed = false;
	if (removed && !config_bool(reader, removed, &is_removed))
		return;
	if (is_removed)
		check_removed(reader, record, removed);
	else if (is_domain && record->uid)
		check_edit(reader, record);
	else
		check_whole(reader, record);
}

/* ---- one list -------------------------------------------------------------------------------- */

static int compare_nodes(const struct config_record *a, const struct config_record *b)
{
	if (a->node->line != b->node->line)
		return a->node->line < b->node->line ? -1 : 1;
	return (int)a->node->column - (int)b->node->column;
}

static int compare_uids(const void *a, const void *b)
{
	const struct config_record *x = *(const struct config_record *const *)a;
	const struct config_record *y = *(const struct config_record *const *)b;
	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return compare_nodes(x, y);
}

static int compare_places(const void *a, const void *b)
{
	const struct config_record *x = *(const struct config_record *const *)a;
	const struct config_record *y = *(const struct config_record *const *)b;
	int order = strcmp(x->owner, y->owner);
	if (order == 0)
		order = strcmp(x->type, y->type);
	if (order == 0 && x->kind != y->kind)
		order = x->kind < y->kind ? -1 : 1;
	if (order == 0 && x->kind == POLICY_OTHER)
		order = strcmp(x->data->text, y->data->text);
	return order ? order : compare_nodes(x, y);
}

/* Two of one id; two of the same content, or two policies, at one owner. */
static void check_doubled(struct config_reader *reader,
                          const struct config_records *records)
{
	auto_free const struct config_record **sorted =
		xcalloc(records->count + 1, sizeof(*sorted));
	size_t count = 0;
	for (size_t i = 0; i < records->count; i++)
		if (records->row[i].uid)
			sorted[count++] = &records->row[i];
	SORT(sorted, count, compare_uids);
	for (size_t i = 1; i < count; i++)
		if (sorted[i]->uid == sorted[i - 1]->uid)
			config_fault(reader, sorted[i]->node,
			             _("t%" PRId64 " is listed twice (first in line "
			               "%u)"),
			             sorted[i]->uid, sorted[i - 1]->node->line);
	count = 0;
	for (size_t i = 0; i < records->count; i++)
		if (records->row[i].data && records->row[i].owner)
			sorted[count++] = &records->row[i];
	SORT(sorted, count, compare_places);
	for (size_t i = 1; i < count; i++) {
		const struct config_record *a = sorted[i - 1], *b = sorted[i];
		if (strcmp(a->owner, b->owner) != 0 || strcmp(a->type, b->type) != 0 ||
		    a->kind != b->kind)
			continue;
		if (a->kind != POLICY_OTHER)
			config_fault(reader, b->node,
			             _("a second %s record at %s (first in line %u); "
			               "receivers ignore both"),
			             record_text_policy(a->kind), b->owner,
			             a->node->line);
		else if (strcmp(a->data->text, b->data->text) == 0)
			config_fault(reader, b->node,
			             _("the record is listed twice (first in line %u)"),
			             a->node->line);
	}
}

static struct config_record *add_record(struct config_records *records)
{
	GROW(records->row, records->count, records->room);
	return &records->row[records->count++];
}

void config_read_template(struct config_reader *reader, const struct yaml_node *node,
                          struct config_template *template)
{
	unsigned faults = reader->faults;
	template->records.node = node;
	if (!check_list(reader, node))
		return;
	for (const struct yaml_node *one = node->first; one; one = one->next) {
		struct config_record *record = add_record(&template->records);
		if (!read_record(reader, one, NULL, record))
			continue;
		check_record(reader, record, false);
		if (template->name && (!record->uid || !record->data))
			config_fault(
				reader, record->node,
				_("a record of an older template requires its id and "
			          "data"));
	}
	if (reader->faults == faults)
		check_doubled(reader, &template->records);
}

void config_read_records(struct config_reader *reader, const struct yaml_node *node,
                         struct config_domain *domain)
{
	unsigned faults = reader->faults;
	domain->records.node = node;
	if (!check_list(reader, node))
		return;
	for (const struct yaml_node *one = node->first; one; one = one->next) {
		struct config_record *record = add_record(&domain->records);
		if (!read_record(reader, one, domain->name, record))
			continue;
		check_record(reader, record, true);
	}
	if (reader->faults == faults)
		check_doubled(reader, &domain->records);
}

/* ---- ids through the document ---------------------------------------------------------------- */

struct named_uids {
	const struct config_record **row;
	size_t count, room;
};

static void collect_uids(struct named_uids *all, const struct config_records *records)
{
	for (size_t i = 0; i < records->count; i++) {
		if (!records->row[i].uid || !records->row[i].owner)
			continue;
		GROW(all->row, all->count, all->room);
		all->row[all->count++] = &records->row[i];
	}
}

void config_check_uids(struct config_reader *reader)
{
	const struct config *config = reader->config;
	struct named_uids all = { 0 };
	collect_uids(&all, &config->newest.records);
	for (size_t i = 0; i < config->older_count; i++)
		collect_uids(&all, &config->older[i].records);
	for (size_t i = 0; i < config->domain_count; i++)
		collect_uids(&all, &config->domain[i].records);
	if (all.count)
		qsort(all.row, all.count, sizeof(*all.row), compare_uids);
	for (size_t i = 1; i < all.count; i++) {
		const struct config_record *a = all.row[i - 1], *b = all.row[i];
		if (a->uid == b->uid &&
		    (strcmp(a->owner, b->owner) != 0 || strcmp(a->type, b->type) != 0))
			config_fault(reader, b->node,
			             _("t%" PRId64 " is %s %s here and %s %s in line "
			               "%u; owner and type of a template record cannot "
			               "change"),
			             b->uid, b->owner, b->type, a->owner, a->type,
			             a->node->line);
	}
	free(all.row);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const char *const states[] = { "pending", "active", "retiring",
	                              "resting", "parked", NULL };

static bool is_word(const char *text, const char *const words[])
{
	for (size_t i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

static void read_key(struct config_reader *reader, const struct yaml_node *node,
                     struct config_key *key)
{
	static const char *const keys[] = { "selector", "state", "private", NULL };
	struct err err = ERR_INIT;
	char selector[NAME_SIZE];
	const struct yaml_node *one;
	const char *text;
	*key = (struct config_key){ .node = node, .state = "pending" };
	config_check_keys(reader, node, keys);
	if (node->kind != YAML_MAP)
		return;
	one = yaml_get(node, "selector");
	text = one ? config_text(reader, one) : NULL;
	if (text && name_parse_selector(text, selector, &err) < 0)
		config_fault_err(reader, one, &err);
	else if (text)
		key->selector = xstrdup(selector);
	else if (!one)
		config_fault(reader, node, _("the selector of the key is missing"));
	if ((one = yaml_get(node, "state")) && (text = config_text(reader, one))) {
		key->state_node = one;
		key->state = text;
		if (!is_word(text, states))
			config_fault(reader, one,
			             _("\"%.80s\" is not a state; the states are "
			               "pending, active, retiring, resting and parked"),
			             text);
	}
	one = yaml_get(node, "private");
	text = one ? config_text(reader, one) : NULL;
	if (text && key_look_private(text, one->len, &key->sight, &err) < 0)
		config_fault_err(reader, one, &err);
	else if (text)
		key->pem = one;
	else if (!one)
		config_fault(reader, node, _("the private key is missing"));
}

/* One active and one pending key of a kind; every selector once. */
static void check_keys(struct config_reader *reader, const struct config_domain *domain)
{
	for (size_t i = 0; i < domain->key_count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct config_key *a = &domain->key[k],
						*b = &domain->key[i];
			bool is_alone = strcmp(b->state, "active") == 0 ||
			                strcmp(b->state, "pending") == 0;
			if (text_same(a->selector, b->selector))
				config_fault(reader, b->node,
				             _("the selector %s is listed twice (first "
				               "in line %u)"),
				             b->selector, a->node->line);
			else if (a->pem && b->pem &&
			         memcmp(a->sight.fingerprint.at, b->sight.fingerprint.at,
			                DIGEST_LEN) == 0)
				config_fault(
					reader, b->node,
					_("the key is listed twice (first in line %u)"),
					a->node->line);
			else if (is_alone && strcmp(a->state, b->state) == 0 &&
			         text_same(a->sight.algorithm, b->sight.algorithm))
				config_fault(reader, b->node,
				             _("a second %s %s key (first in line %u)"),
				             b->state, b->sight.algorithm, a->node->line);
		}
}

void config_read_keys(struct config_reader *reader, const struct yaml_node *node,
                      struct config_domain *domain)
{
	unsigned faults = reader->faults;
	if (domain->main) {
		config_fault_key(reader, node,
		                 _("%s is an alias and signs with the keys of %s"),
		                 domain->name, domain->main);
		return;
	}
	if (!check_list(reader, node))
		return;
	for (const struct yaml_node *one = node->first; one; one = one->next) {
		GROW(domain->key, domain->key_count, domain->key_room);
		read_key(reader, one, &domain->key[domain->key_count++]);
	}
	if (reader->faults == faults)
		check_keys(reader, domain);
}
