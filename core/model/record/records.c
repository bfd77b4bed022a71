/*
 * Effective records, derived from template, own rows, keys and former keys.
 *
 * One struct records is used for many domains: template revisions and the server's settings are
 * read once; each domain costs one query each for its settings, own rows, keys and former keys.
 */
#include "core/model/record/records.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/key/key.h"
#include "core/model/record/first_look.h"
#include "core/model/record/record_text.h"
#include "core/model/record/records_list.h"
#include "core/model/record/template.h"
#include "core/model/setting/setting.h"
#include "dnszone/dkim/dkim_record.h"
#include "dnszone/name/rr.h"

#define NO_MAIL_SPF "v=spf1 -all"
#define NO_MAIL_DMARC "v=DMARC1; p=reject"

/* The settings that affect a domain's records. */
enum { POLICY, IPV4, IPV6, SERVICE, TTL, MAIL, SHOWN_COUNT };
static const enum setting_key shown[SHOWN_COUNT] = {
	[POLICY] = SET_DKIM_POLICY,  [IPV4] = SET_DNS_IPV4, [IPV6] = SET_DNS_IPV6,
	[SERVICE] = SET_DNS_SERVICE, [TTL] = SET_DNS_TTL,   [MAIL] = SET_MAIL,
};

struct revision {
	int64_t rev;
	struct stored_records rows;
};

struct records {
	struct store *store;
	const struct env *env;
	char *hostname; /* without an env: the setting's */
	char *server[SHOWN_COUNT];
	bool has_had;             /* some record is left out of some zone */
	int64_t local_id;         /* the domain whose settings these are; 0: none */
	char *local[SHOWN_COUNT]; /* NULL: the server's value applies */
	struct revision *revision;
	size_t count, room;
};

/* ---- rows ----------------------------------------------------------------------------------- */

/* rev 0: the newest. */
static int find_revision(struct records *records, int64_t rev,
                         const struct stored_records **ret_rows, struct err *err)
{
	for (size_t i = 0; i < records->count; i++)
		if (records->revision[i].rev == rev) {
			*ret_rows = &records->revision[i].rows;
			return 0;
		}
	struct revision fresh = { .rev = rev };
	int r = template_load(records->store, rev, &fresh.rows, err);
	if (r < 0) {
		stored_records_done(&fresh.rows);
		return r;
	}
	GROW(records->revision, records->count, records->room);
	records->revision[records->count] = fresh;
	*ret_rows = &records->revision[records->count++].rows;
	return 0;
}

const struct env records_sample_env = {
	.hostname = (char *)(uintptr_t) "hostname.domain.example",
	.ip = (char *)(uintptr_t) "192.0.2.1",
	.ipv6 = (char *)(uintptr_t) "2001:db8::1",
};

/* ---- context -------------------------------------------------------------------------------- */

static int look_for_had(struct records *records, struct err *err)
{
	int64_t any = 0;
	int r = records->store ? store_get_int(records->store, &any, err,
	                                       "SELECT 1 FROM zone_look"
	                                       " WHERE had IS NOT NULL LIMIT 1",
	                                       "")
	                       : 0;
	records->has_had = r > 0;
	return r < 0 ? r : 0;
}

int records_new(struct store *store, const struct env *env, struct records **ret_records,
                struct err *err)
{
	auto_records records = xcalloc(1, sizeof(*records));
	int r = 0;
	records->store = store;
	records->env = env;
	for (size_t i = 0; r >= 0 && i < SHOWN_COUNT; i++)
		r = setting_text(store, shown[i], 0, &records->server[i], err);
	if (r >= 0 && !env)
		r = setting_text(store, SET_MTA_HOSTNAME, 0, &records->hostname, err);
	if (r >= 0)
		r = look_for_had(records, err);
	if (r < 0)
		return r;
	*ret_records = records;
	records = NULL;
	return 0;
}

static void forget_local(struct records *records)
{
	for (size_t i = 0; i < SHOWN_COUNT; i++) {
		free(records->local[i]);
		records->local[i] = NULL;
	}
	records->local_id = 0;
}

void records_free(struct records *records)
{
	if (!records)
		return;
	forget_local(records);
	for (size_t i = 0; i < SHOWN_COUNT; i++)
		free(records->server[i]);
	for (size_t i = 0; i < records->count; i++)
		stored_records_done(&records->revision[i].rows);
	free(records->revision);
	free(records->hostname);
	free(records);
}

void records_freep(struct records **records)
{
	records_free(*records);
}

/* The domain's settings precede its main domain's. */
static int load_local(struct records *records, const struct domain *domain,
                      struct err *err)
{
	auto_stmt stmt = NULL;
	if (domain->id && records->local_id == domain->id)
		return 0;
	forget_local(records);
	if (!records->store)
		return 0;
	int r;
	if (domain->main_id)
		r = store_query(records->store, &stmt, err,
		                "SELECT key, value FROM domain_setting"
		                " WHERE domain_id IN (?1, ?2) ORDER BY domain_id = ?1",
		                "ii", domain->id, domain->main_id);
	else
		r = store_query(
			records->store, &stmt, err,
			"SELECT key, value FROM domain_setting WHERE domain_id = ?", "i",
			domain->id);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		for (size_t i = 0; i < SHOWN_COUNT; i++) {
			if (strcmp(setting_table[shown[i]].key, stmt_text(stmt, 0)) != 0)
				continue;
			free(records->local[i]);
			records->local[i] = xstrdup(stmt_text(stmt, 1));
		}
	}
	if (r >= 0)
		records->local_id = domain->id;
	return r;
}

static const char *value_of(const struct records *records, size_t i)
{
	return records->local[i] ? records->local[i] : records->server[i];
}

int records_service_of(struct records *records, const struct domain *domain,
                       const char **ret_service, struct err *err)
{
	int r = load_local(records, domain, err);
	if (r >= 0)
		*ret_service = value_of(records, SERVICE);
	return r;
}

/* A domain's own address, else the server's, else the system's. */
static const char *address(const struct records *records, size_t i, const char *of_env,
                           const char *sample)
{
	const char *text = value_of(records, i);
	if (*text)
		return text;
	return records->env ? of_env : sample;
}

static struct placeholder_values values_of(const struct records *records,
                                           const char *name)
{
	const struct env *env = records->env;
	const struct placeholder_values *sample = &record_sample_values;
	int64_t ttl = sample->ttl;
	if (!text_to_int(value_of(records, TTL), 0, RR_TTL_MAX, &ttl))
		ttl = sample->ttl;
	struct placeholder_values values = {
		.domain = name,
		.ip = address(records, IPV4, env ? env->ip : NULL, sample->ip),
		.ipv6 = address(records, IPV6, env ? env->ipv6 : NULL, sample->ipv6),
		.ttl = (uint32_t)ttl,
	};
	if (env)
		values.hostname = env->hostname;
	else
		values.hostname =
			*records->hostname ? records->hostname : sample->hostname;
	return values;
}

/* ---- lists ---------------------------------------------------------------------------------- */

static void add_lacking(struct record_list *list, const char *name)
{
	for (size_t i = 0; i < list->lacking_count; i++)
		if (strcmp(list->lacking[i], name) == 0)
			return;
	list->lacking = xreallocarray(list->lacking, list->lacking_count + 1,
	                              sizeof(*list->lacking));
	list->lacking[list->lacking_count++] = name;
}

/* Takes ownership of the texts. */
static void put(struct record_list *list, struct record_row row)
{
	GROW(list->row, list->count, list->room);
	list->row[list->count++] = row;
}

struct builder {
	struct records *records;
	const char *name;
	struct placeholder_values values;
	struct record_list list;
	bool has_keys;
	bool has_mail;
};

/* A row with its placeholders replaced; omitted if a value is not known. */
static int put_source(struct builder *builder, const struct stored_record *row,
                      const char *rdata, const char *source, struct err *err)
{
	const struct placeholder_values *values = &builder->values;
	const char *lacking = NULL;
	auto_buf owner = BUF_INIT;
	auto_buf data = BUF_INIT;
	char *canonical = NULL;
	if (!placeholder_expand(row->owner, values, &owner, &lacking) ||
	    !record_text_expand(row->type, rdata, values, &data, &lacking)) {
		add_lacking(&builder->list, lacking);
		return 0;
	}
	int r = rr_canonical(row->type, buf_text(&data), builder->name, &canonical, err);
	if (r < 0)
		return err_prefix(err, "%s %s", buf_text(&owner), row->type);
	if (owner.len && owner.at[owner.len - 1] == '.')
		owner.at[--owner.len] = '\0';
	put(&builder->list,
	    (struct record_row){
		    .id = stored_id(row),
		    .owner = buf_take(&owner),
		    .ttl = row->ttl < 0 ? values->ttl : (uint32_t)row->ttl,
		    .type = xstrdup(row->type),
		    .rdata = canonical,
		    .source = source,
		    .kind = row->kind,
	    });
	return 0;
}

/* The own row that edits or removes a template record, or the policy that replaces it. */
static const struct stored_record *find_own(const struct stored_records *own,
                                            const struct stored_record *row)
{
	const struct stored_record *policy = NULL;
	for (size_t i = 0; i < own->count; i++) {
		if (own->row[i].template_uid == row->template_uid)
			return &own->row[i];
		if (row->kind != POLICY_OTHER && own->row[i].kind == row->kind &&
		    own->row[i].rdata && strcmp(own->row[i].owner, row->owner) == 0)
			policy = &own->row[i];
	}
	return policy;
}

static int put_template(struct builder *builder, const struct stored_records *rows,
                        const struct stored_records *own, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < rows->count; i++) {
		const struct stored_record *row = &rows->row[i];
		const char *rdata = row->rdata;
		if (find_own(own, row))
			continue;
		if (!builder->has_mail && row->kind == POLICY_SPF)
			rdata = NO_MAIL_SPF;
		if (!builder->has_mail && row->kind == POLICY_DMARC)
			rdata = NO_MAIL_DMARC;
		r = put_source(builder, row, rdata, "template", err);
	}
	for (size_t i = 0; r >= 0 && i < own->count; i++)
		if (own->row[i].rdata)
			r = put_source(builder, &own->row[i], own->row[i].rdata,
			               own->row[i].template_uid ? "edited" : "own", err);
	return r;
}

static void put_txt(struct builder *builder, char *owner, char *rdata, const char *source)
{
	put(&builder->list, (struct record_row){
				    .id = xstrdup(""),
				    .owner = owner,
				    .ttl = builder->values.ttl,
				    .type = xstrdup("TXT"),
				    .rdata = rdata,
				    .source = source,
			    });
}

/* Those that the domain signs with. */
static int put_keys(struct builder *builder, const struct domain *domain, struct err *err)
{
	auto_stmt keys = NULL;
	struct key key;
	if (!domain->id) /* would mean every domain's keys */
		return 0;
	int r = key_query(builder->records->store,
	                  domain->main_id ? domain->main_id : domain->id, &keys, err);
	while (r >= 0 && (r = key_next(keys, &key, err)) > 0) {
		if (!key_is_published(&key))
			continue;
		builder->has_keys = true;
		put_txt(builder,
		        xasprintf("%s._domainkey.%s", key.selector, builder->name),
		        key_record_text(&key), "dkim");
	}
	return r;
}

static bool has_selector(const struct builder *builder, const char *selector)
{
	size_t len = strlen(selector);
	for (size_t i = 0; i < builder->list.count; i++) {
		const struct record_row *row = &builder->list.row[i];
		if (strcmp(row->source, "dkim") == 0 &&
		    strncmp(row->owner, selector, len) == 0 &&
		    text_starts(row->owner + len, "._domainkey."))
			return true;
	}
	return false;
}

static int put_former_keys(struct builder *builder, struct err *err)
{
	auto_stmt stmt = NULL;
	if (!builder->records->store)
		return 0;
	int r = store_query(
		builder->records->store, &stmt, err,
		"SELECT selector, algorithm, public FROM former_key WHERE name = ?", "t",
		builder->name);
	while (r >= 0 && (r = stmt_next(stmt, err)) > 0) {
		const char *selector = stmt_text(stmt, 0);
		size_t len = 0;
		const unsigned char *octets = stmt_blob(stmt, 2, &len);
		if (has_selector(builder, selector))
			continue;
		put_txt(builder, xasprintf("%s._domainkey.%s", selector, builder->name),
		        dkim_record_text(stmt_text(stmt, 1), octets, len), "former");
	}
	return r;
}

static void hand_out(struct builder *builder, struct record_list *ret_list)
{
	records_list_normalize(&builder->list, builder->name,
	                       builder->records->env != NULL);
	*ret_list = builder->list;
	builder->list = RECORD_LIST_INIT;
}

/* ---- names ---------------------------------------------------------------------------------- */

static int build_domain(struct builder *builder, const struct domain *domain,
                        const struct stored_records *own, struct err *err)
{
	struct records *records = builder->records;
	const struct stored_records *rows = NULL;
	const char *policy = value_of(records, POLICY);
	int r = find_revision(records, domain->template_rev, &rows, err);
	if (r >= 0)
		r = put_template(builder, rows, own, err);
	if (r >= 0)
		r = put_keys(builder, domain, err);
	if (r >= 0 && builder->has_keys && strcmp(policy, "none") != 0)
		put_txt(builder, xasprintf("_domainkey.%s", builder->name),
		        xstrdup(policy), "policy");
	return r < 0 ? r : put_former_keys(builder, err);
}

int records_of_domain(struct records *records, const struct domain *domain,
                      struct record_list *ret_list, struct err *err)
{
	auto_stored_records own = { 0 };
	struct builder builder = { .records = records, .name = domain->name };
	int r = load_local(records, domain, err);
	if (r < 0)
		return r;
	builder.values = values_of(records, domain->name);
	builder.has_mail = strcmp(value_of(records, MAIL), "off") != 0;
	r = stored_records_load(records->store, domain->id, &own, err);
	if (r >= 0)
		r = build_domain(&builder, domain, &own, err);
	if (r >= 0 && records->has_had)
		r = first_look_take_out(records->store, domain->name, &builder.list, err);
	if (r >= 0)
		hand_out(&builder, ret_list);
	record_list_done(&builder.list);
	return r < 0 ? r : 0;
}

static int put_zone_head(struct builder *builder, struct err *err)
{
	const struct stored_records *rows = NULL;
	int r = find_revision(builder->records, 0, &rows, err);
	for (size_t i = 0; r >= 0 && i < rows->count; i++) {
		const char *type = rows->row[i].type;
		if (strcmp(rows->row[i].owner, "<domain>.") == 0 &&
		    (strcmp(type, "SOA") == 0 || strcmp(type, "NS") == 0))
			r = put_source(builder, &rows->row[i], rows->row[i].rdata,
			               "template", err);
	}
	return r;
}

int records_of_former(struct records *records, const char *name, bool is_full,
                      struct record_list *ret_list, struct err *err)
{
	struct builder builder = { .records = records, .name = name };
	forget_local(records);
	builder.values = values_of(records, name);
	int r = put_former_keys(&builder, err);
	if (r >= 0 && is_full && builder.list.count)
		r = put_zone_head(&builder, err);
	if (r >= 0)
		hand_out(&builder, ret_list);
	record_list_done(&builder.list);
	return r < 0 ? r : 0;
}
