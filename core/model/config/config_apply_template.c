/*
 * The templates of a document.  A record is found by its id, or without one by what it holds; a
 * revision by what it holds alone.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/config/config_inner.h"

/* Rows that the newest revision is to have; texts are the store's or the document's. */
struct wanted_rows {
	struct template_row *row;
	const struct config_record **from; /* NULL: of the store */
	size_t count;
};

static struct template_row row_of(const struct config_record *record)
{
	return (struct template_row){
		.uid = record->uid,
		.owner = record->owner,
		.type = record->type,
		.rdata = record->data->text,
		.ttl = record->ttl,
		.kind = record->kind,
	};
}

static bool is_named(const struct config_records *records, int64_t uid)
{
	for (size_t i = 0; i < records->count; i++)
		if (records->row[i].uid == uid)
			return true;
	return false;
}

/* There can be one such record only at an owner. */
static bool is_alone(const char *type, enum policy_kind kind)
{
	return kind != POLICY_OTHER || strcmp(type, "CNAME") == 0 ||
	       strcmp(type, "SOA") == 0;
}

static bool is_taken(const struct wanted_rows *wanted, int64_t uid)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (wanted->row[i].uid == uid)
			return true;
	return false;
}

/* A record without an id is the one of the same content, or of the same policy. */
static int64_t find_uid(const struct template_rows *stored,
                        const struct config_records *records,
                        const struct wanted_rows *wanted, const struct template_row *row)
{
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < stored->count; i++) {
			const struct template_row *there = &stored->row[i];
			bool is_it = strcmp(there->owner, row->owner) == 0 &&
			             strcmp(there->type, row->type) == 0 &&
			             !is_named(records, there->uid) &&
			             !is_taken(wanted, there->uid);
			if (is_it && pass == 0 && strcmp(there->rdata, row->rdata) == 0)
				return there->uid;
			if (is_it && pass == 1 && there->kind == row->kind &&
			    is_alone(row->type, row->kind))
				return there->uid;
		}
	return 0;
}

static const struct template_row *find_stored(const struct template_rows *stored,
                                              int64_t uid)
{
	for (size_t i = 0; i < stored->count; i++)
		if (stored->row[i].uid == uid)
			return &stored->row[i];
	return NULL;
}

static void add_wanted(struct wanted_rows *wanted, struct template_row row,
                       const struct config_record *from)
{
	wanted->from[wanted->count] = from;
	wanted->row[wanted->count++] = row;
}

/* Not pruning: a number is not given to another record. */
static int gather(struct config_apply *apply, const struct template_rows *stored,
                  struct wanted_rows *wanted, struct err *err)
{
	const struct config_records *records = &apply->config->newest.records;
	for (size_t i = 0; i < records->count; i++) {
		if (!records->row[i].data)
			continue;
		struct template_row row = row_of(&records->row[i]);
		const struct template_row *there = find_stored(stored, row.uid);
		if (!row.uid)
			row.uid = find_uid(stored, records, wanted, &row);
		else if (there && !apply->hooks->is_pruning &&
		         (strcmp(there->owner, row.owner) != 0 ||
		          strcmp(there->type, row.type) != 0)) {
			err_set(err, ERR_FAILED,
			        _("t%" PRId64 " is %s %s here, and a template record "
			          "keeps its owner and type; leave the id out for a new "
			          "record"),
			        row.uid, there->owner, there->type);
			return config_blame(apply->config, records->row[i].node, err);
		}
		there = find_stored(stored, row.uid);
		if (!there || strcmp(there->rdata, row.rdata) != 0)
			config_tell_doubts(apply, &records->row[i], row.owner, row.type,
			                   NULL);
		add_wanted(wanted, row, &records->row[i]);
	}
	return 0;
}

/* What stays of the store stands in front, so that of two rows that do not go together the later one
 * is the document's. */
static void gather_rest(const struct template_rows *stored,
                        const struct config_records *records, struct wanted_rows *wanted)
{
	size_t kept = 0;
	for (size_t i = 0; i < stored->count; i++)
		if (!is_taken(wanted, stored->row[i].uid) &&
		    !is_named(records, stored->row[i].uid))
			wanted->row[wanted->count + kept++] = stored->row[i];
	for (size_t i = 0; i < kept; i++) {
		const struct template_row row = wanted->row[wanted->count];
		memmove(wanted->row + 1, wanted->row,
		        wanted->count * sizeof(*wanted->row));
		memmove(wanted->from + 1, wanted->from,
		        wanted->count * sizeof(const struct config_record *));
		wanted->row[0] = row;
		wanted->from[0] = NULL;
		wanted->count++;
	}
}

int config_apply_template(struct config_apply *apply, struct err *err)
{
	const struct config_template *newest = &apply->config->newest;
	auto_template_rows stored = { 0 };
	size_t at = 0;
	int r = newest->records.node ? template_rows_load(apply->store, 0, &stored, err)
	                             : 0;
	if (r < 0 || !newest->records.node)
		return r;
	size_t room = stored.count + newest->records.count + 1;
	auto_free struct template_row *rows = xcalloc(room, sizeof(*rows));
	auto_free const struct config_record **from = xcalloc(room, sizeof(*from));
	struct wanted_rows wanted = { rows, from, 0 };
	r = gather(apply, &stored, &wanted, err);
	if (r < 0)
		return r;
	if (!apply->hooks->is_pruning)
		gather_rest(&stored, &newest->records, &wanted);
	r = template_replace(apply->store, wanted.row, wanted.count, &at, err);
	if (r >= 0)
		return r;
	/* a record of the store that stands in the way of one of the document */
	const struct yaml_node *place = at < wanted.count && wanted.from[at]
	                                        ? wanted.from[at]->node
	                                        : newest->records.node;
	return config_blame(apply->config, place, err);
}

int config_revision_of(struct config_apply *apply, const struct config_domain *wanted,
                       int64_t *ret_rev, struct err *err)
{
	const struct config *config = apply->config;
	const struct config_template *template = wanted->template;
	if (!template)
		return template_newest(apply->store, ret_rev, err);
	int64_t *known = &apply->older_rev[template - config->older];
	if (*known) {
		*ret_rev = *known;
		return 0;
	}
	size_t count = template->records.count;
	auto_free struct template_row *rows = xcalloc(count + 1, sizeof(*rows));
	for (size_t i = 0; i < count; i++)
		rows[i] = row_of(&template->records.row[i]);
	int r = template_find_or_make(apply->store, rows, count, known, err);
	if (r < 0)
		return config_blame(config, template->records.node, err);
	*ret_rev = *known;
	return 0;
}

/* Old numbers under new names would make domains' edits hit another record. */
int config_check_uids_of_store(struct config_apply *apply, struct err *err)
{
	const struct config *config = apply->config;
	const struct config_records *records = &config->newest.records;
	int64_t uid = 0;
	int r = records->node || config->older_count
	                ? template_torn(apply->store, &uid, err)
	                : 0;
	if (r <= 0)
		return r;
	const struct yaml_node *place = records->node ? records->node : config->root;
	for (size_t i = 0; i < records->count; i++)
		if (records->row[i].uid == uid)
			place = records->row[i].node;
	err_set(err, ERR_FAILED,
	        _("t%" PRId64
	          " is another record for domains that are not in this document; "
	          "leave the id out for a new record"),
	        uid);
	return config_blame(config, place, err);
}
