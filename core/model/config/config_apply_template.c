/*
 * The templates of a document.  A record is identified by its id, or without one by its content; a
 * revision by its content only.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/config/config_inner.h"

/* Rows that the newest revision will have; texts belong to the store or the document. */
struct wanted_rows {
	struct stored_records rows;
	const struct config_record **from; /* NULL: from the store */
};

static struct stored_record row_of(const struct config_record *record)
{
	return (struct stored_record){
		.template_uid = record->uid,
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

/* Records of which an owner can have only one. */
static bool is_alone(const char *type, enum policy_kind kind)
{
	return kind != POLICY_OTHER || strcmp(type, "CNAME") == 0 ||
	       strcmp(type, "SOA") == 0;
}

/* A record without an id is the one of the same content, or of the same policy. */
static int64_t find_uid(const struct stored_records *stored,
                        const struct config_records *records,
                        const struct stored_records *wanted,
                        const struct stored_record *row)
{
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < stored->count; i++) {
			const struct stored_record *there = &stored->row[i];
			int64_t uid = there->template_uid;
			bool is_it = stored_is_same_place(there, row) &&
			             !is_named(records, uid) &&
			             !stored_records_find(wanted, uid);
			if (is_it && pass == 0 && strcmp(there->rdata, row->rdata) == 0)
				return uid;
			if (is_it && pass == 1 && there->kind == row->kind &&
			    is_alone(row->type, row->kind))
				return uid;
		}
	return 0;
}

static void add_wanted(struct wanted_rows *wanted, struct stored_record row,
                       const struct config_record *from)
{
	wanted->from[wanted->rows.count] = from;
	wanted->rows.row[wanted->rows.count++] = row;
}

/* Without pruning: an id is not given to another record. */
static int gather(struct config_apply *apply, const struct stored_records *stored,
                  struct wanted_rows *wanted, struct err *err)
{
	const struct config_records *records = &apply->config->newest.records;
	for (size_t i = 0; i < records->count; i++) {
		if (!records->row[i].data)
			continue;
		struct stored_record row = row_of(&records->row[i]);
		const struct stored_record *there =
			stored_records_find(stored, row.template_uid);
		if (!row.template_uid)
			row.template_uid = find_uid(stored, records, &wanted->rows, &row);
		else if (there && !apply->hooks->is_pruning &&
		         !stored_is_same_place(there, &row)) {
			err_set(err, ERR_FAILED,
			        _("t%" PRId64 " is %s %s here, and owner and type of a "
			          "template record cannot change; omit the id to add a "
			          "new record"),
			        row.template_uid, there->owner, there->type);
			return config_blame(apply->config, records->row[i].node, err);
		}
		there = stored_records_find(stored, row.template_uid);
		if (!there || strcmp(there->rdata, row.rdata) != 0)
			config_tell_doubts(apply, &records->row[i], row.owner, row.type,
			                   NULL);
		add_wanted(wanted, row, &records->row[i]);
	}
	return 0;
}

/* Records of the store that remain come first, so that of two conflicting rows the later one is the
 * document's. */
static void gather_rest(const struct stored_records *stored,
                        const struct config_records *records, struct wanted_rows *wanted)
{
	struct stored_records *rows = &wanted->rows;
	size_t kept = 0;
	for (size_t i = 0; i < stored->count; i++)
		if (!stored_records_find(rows, stored->row[i].template_uid) &&
		    !is_named(records, stored->row[i].template_uid))
			rows->row[rows->count + kept++] = stored->row[i];
	for (size_t i = 0; i < kept; i++) {
		const struct stored_record row = rows->row[rows->count];
		memmove(rows->row + 1, rows->row, rows->count * sizeof(*rows->row));
		memmove(wanted->from + 1, wanted->from,
		        rows->count * sizeof(const struct config_record *));
		rows->row[0] = row;
		wanted->from[0] = NULL;
		rows->count++;
	}
}

int config_apply_template(struct config_apply *apply, struct err *err)
{
	const struct config_template *newest = &apply->config->newest;
	auto_stored_records stored = { 0 };
	size_t at = 0;
	int r = newest->records.node ? template_load(apply->store, 0, &stored, err) : 0;
	if (r < 0 || !newest->records.node)
		return r;
	size_t room = stored.count + newest->records.count + 1;
	auto_free struct stored_record *rows = xcalloc(room, sizeof(*rows));
	auto_free const struct config_record **from = xcalloc(room, sizeof(*from));
	struct wanted_rows wanted = { { .row = rows }, from };
	r = gather(apply, &stored, &wanted, err);
	if (r < 0)
		return r;
	if (!apply->hooks->is_pruning)
		gather_rest(&stored, &newest->records, &wanted);
	r = template_replace(apply->store, &wanted.rows, &at, err);
	if (r >= 0)
		return r;
	/* a record of the store that conflicts with one of the document */
	const struct yaml_node *place = at < wanted.rows.count && wanted.from[at]
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
	auto_free struct stored_record *row = xcalloc(count + 1, sizeof(*row));
	for (size_t i = 0; i < count; i++)
		row[i] = row_of(&template->records.row[i]);
	const struct stored_records rows = { row, count, count };
	int r = template_find_or_make(apply->store, &rows, known, err);
	if (r < 0)
		return config_blame(config, template->records.node, err);
	*ret_rev = *known;
	return 0;
}

/* If old ids denoted other records, domains' edits would apply to the wrong record. */
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
	        _("t%" PRId64 " is a different record for domains that are not in this "
	          "document; omit the id to add a new record"),
	        uid);
	return config_blame(config, place, err);
}
