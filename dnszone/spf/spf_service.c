/*
 * One table of keys serves the reader and the writer.  Rules and explanation pass the same checks
 * here as when they were set, so that a file that somebody edited by hand cannot carry a policy
 * that the evaluator does not know how to read.
 */
#include "dnszone/spf/spf_service.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/network.h"
#include "core/base/yaml.h"
#include "core/base/yaml_write.h"
#include "dnszone/name/name.h"
#include "dnszone/query/query.h"
#include "dnszone/spf/spf_record.h"

struct reader {
	const char *name; /* of the file */
	const struct yaml_node *root;
	struct arena *mem;
	struct spf_service settings;
};

typedef int read_value(struct reader *r, const char *key, struct err *err);
typedef void write_value(const struct spf_service *s, const char *key, struct buf *into);

static const char *const scope_names[] = {
	[SPF_GUESS_NO_RECORD] = "no-record",
	[SPF_GUESS_MOST_PERMISSIVE] = "most-permissive",
};

const char *spf_guess_scope_name(enum spf_guess_scope scope)
{
	return scope_names[scope];
}

static int fault_at(struct reader *r, const char *key, struct err *err, const char *why)
{
	return yaml_fault(yaml_get(r->root, key), r->name, err, "%s: %s", key, why);
}

static int fault_full(struct reader *r, struct err *err)
{
	return yaml_fault(r->root, r->name, err, "%s", _("the file is too large"));
}

/* A copy in the arena of the reader. */
static int keep_text(struct reader *r, const char *text, const char **ret_text,
                     struct err *err)
{
	const char *copy = arena_memdup(r->mem, text, strlen(text));
	if (!copy)
		return fault_full(r, err);
	*ret_text = copy;
	return 0;
}

static int read_version(struct reader *r, const char *key, struct err *err)
{
	int64_t version = SPF_SERVICE_VERSION;
	int rc = yaml_get_int(r->root, r->name, key, 1, INT32_MAX, &version, err);
	if (rc == 0 && version != SPF_SERVICE_VERSION)
		return fault_at(r, key, err, _("this format version is not known here"));
	return rc;
}

static void write_version(const struct spf_service *s, const char *key, struct buf *into)
{
	(void)s;
	yaml_put_int(into, 0, key, SPF_SERVICE_VERSION);
}

static int read_check(struct reader *r, const char *key, struct err *err)
{
	return yaml_get_bool(r->root, r->name, key, &r->settings.is_checked, err);
}

static void write_check(const struct spf_service *s, const char *key, struct buf *into)
{
	yaml_put_bool(into, 0, key, s->is_checked);
}

static int read_hostname(struct reader *r, const char *key, struct err *err)
{
	const char *text = "";
	char name[NAME_SIZE];
	struct err why = ERR_INIT;
	int rc = yaml_get_text(r->root, r->name, key, &text, err);
	if (rc < 0)
		return rc;
	if (name_parse_host(text, name, &why) < 0)
		return fault_at(r, key, err, why.text);
	return keep_text(r, name, &r->settings.hostname, err);
}

static void write_hostname(const struct spf_service *s, const char *key, struct buf *into)
{
	yaml_put_text(into, 0, key, s->hostname);
}

static int read_mode(struct reader *r, const char *key, struct err *err)
{
	const char *text = "";
	int rc = yaml_get_text(r->root, r->name, key, &text, err);
	if (rc == 0 && !spf_mode_from_text(text, &r->settings.spf.mode))
		return fault_at(r, key, err,
		                _("must be one of headers-only, defer-dns-errors, "
		                  "reject-fail, reject-softfail, reject-neutral, "
		                  "reject-not-pass"));
	return rc;
}

static void write_mode(const struct spf_service *s, const char *key, struct buf *into)
{
	yaml_put_text(into, 0, key, spf_mode_name(s->spf.mode));
}

static int read_local_rules(struct reader *r, const char *key, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = yaml_get_text(r->root, r->name, key, &r->settings.spf.local_rules, err);
	if (rc == 0 && spf_check_local_rules(r->settings.spf.local_rules, &why) < 0)
		return fault_at(r, key, err, why.text);
	return rc;
}

static void write_local_rules(const struct spf_service *s, const char *key,
                              struct buf *into)
{
	yaml_put_text(into, 0, key, s->spf.local_rules);
}

static int read_guess_rules(struct reader *r, const char *key, struct err *err)
{
	const char *text = "";
	auto_free char *whole = NULL;
	struct err why = ERR_INIT;
	int rc = yaml_get_text(r->root, r->name, key, &text, err);
	if (rc < 0)
		return rc;
	if (spf_check_guess_rules(text, &whole, &why) < 0)
		return fault_at(r, key, err, why.text);
	return keep_text(r, whole ? whole : "", &r->settings.spf.guess_rules, err);
}

static void write_guess_rules(const struct spf_service *s, const char *key,
                              struct buf *into)
{
	yaml_put_text(into, 0, key, s->spf.guess_rules);
}

static int read_guess_scope(struct reader *r, const char *key, struct err *err)
{
	const char *text = "";
	int rc = yaml_get_text(r->root, r->name, key, &text, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < ARRAY_LEN(scope_names); i++)
		if (strcmp(text, scope_names[i]) == 0) {
			r->settings.spf.guess_scope = (enum spf_guess_scope)i;
			return 0;
		}
	return fault_at(r, key, err, _("must be no-record or most-permissive"));
}

static void write_guess_scope(const struct spf_service *s, const char *key,
                              struct buf *into)
{
	yaml_put_text(into, 0, key, spf_guess_scope_name(s->spf.guess_scope));
}

static int read_explanation(struct reader *r, const char *key, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = yaml_get_text(r->root, r->name, key, &r->settings.spf.explanation, err);
	if (rc == 0 && spf_check_explanation(r->settings.spf.explanation, &why) < 0)
		return fault_at(r, key, err, why.text);
	return rc;
}

static void write_explanation(const struct spf_service *s, const char *key,
                              struct buf *into)
{
	yaml_put_text(into, 0, key, s->spf.explanation);
}

static int read_continue(struct reader *r, const char *key, struct err *err)
{
	return yaml_get_bool(r->root, r->name, key,
	                     &r->settings.spf.does_continue_on_dns_error, err);
}

static void write_continue(const struct spf_service *s, const char *key, struct buf *into)
{
	yaml_put_bool(into, 0, key, s->spf.does_continue_on_dns_error);
}

static int read_list(struct reader *r, const char *key, const char *const **ret_list,
                     size_t *ret_count, struct err *err)
{
	const struct yaml_node *first;
	int rc = yaml_get_list(r->root, r->name, key, &first, err);
	if (rc < 0)
		return rc;
	size_t count = 0;
	const char **list =
		arena_calloc(r->mem, yaml_get(r->root, key)->count, sizeof(*list));
	if (!list)
		return fault_full(r, err);
	for (const struct yaml_node *item = first; item; item = item->next)
		list[count++] = item->text;
	*ret_list = list;
	*ret_count = count;
	return 0;
}

static void write_list(const char *const *list, size_t count, const char *key,
                       struct buf *into)
{
	if (count > 0)
		yaml_put_key(into, 0, key);
	for (size_t i = 0; i < count; i++)
		yaml_put_item(into, 1, list[i]);
}

static int read_relays(struct reader *r, const char *key, struct err *err)
{
	int rc = read_list(r, key, &r->settings.trusted_relays,
	                   &r->settings.trusted_relay_count, err);
	if (rc < 0)
		return rc;
	const struct yaml_node *item = yaml_get(r->root, key)->first;
	for (; item; item = item->next) {
		struct network net;
		if (!network_parse(item->text, &net))
			return yaml_fault(
				item, r->name, err,
				_("%s: \"%.100s\" is not an address or network"), key,
				item->text);
	}
	return 0;
}

static void write_relays(const struct spf_service *s, const char *key, struct buf *into)
{
	write_list(s->trusted_relays, s->trusted_relay_count, key, into);
}

static int read_nameservers(struct reader *r, const char *key, struct err *err)
{
	int rc = read_list(r, key, &r->settings.nameservers,
	                   &r->settings.nameserver_count, err);
	if (rc < 0)
		return rc;
	if (r->settings.nameserver_count > QUERY_SERVERS_MAX)
		return fault_at(r, key, err, _("more than three are not asked"));
	const struct yaml_node *item = yaml_get(r->root, key)->first;
	for (; item; item = item->next) {
		struct query_servers servers;
		struct err why = ERR_INIT;
		if (query_servers_parse(item->text, &servers, &why) < 0)
			return yaml_fault(item, r->name, err, "%s: %s", key, why.text);
	}
	return 0;
}

static void write_nameservers(const struct spf_service *s, const char *key,
                              struct buf *into)
{
	write_list(s->nameservers, s->nameserver_count, key, into);
}

static int read_time_limit(struct reader *r, const char *key, struct err *err)
{
	int64_t seconds = SPF_SERVICE_TIME_LIMIT;
	int rc = yaml_get_int(r->root, r->name, key, 1, SPF_SERVICE_TIME_LIMIT_MAX,
	                      &seconds, err);
	r->settings.time_limit = (unsigned)seconds;
	return rc;
}

static void write_time_limit(const struct spf_service *s, const char *key,
                             struct buf *into)
{
	yaml_put_int(into, 0, key, s->time_limit);
}

static int read_void_limit(struct reader *r, const char *key, struct err *err)
{
	int64_t count = SPF_SERVICE_VOID_LIMIT;
	int rc = yaml_get_int(r->root, r->name, key, 0, 10, &count, err);
	r->settings.void_limit = (unsigned)count;
	return rc;
}

static void write_void_limit(const struct spf_service *s, const char *key,
                             struct buf *into)
{
	yaml_put_int(into, 0, key, s->void_limit);
}

static int read_one_from(struct reader *r, const char *key, struct err *err)
{
	return yaml_get_bool(r->root, r->name, key, &r->settings.is_one_from, err);
}

static void write_one_from(const struct spf_service *s, const char *key, struct buf *into)
{
	yaml_put_bool(into, 0, key, s->is_one_from);
}

/* In the order in which they are written. */
static const struct row {
	const char *key;
	read_value *read;
	write_value *write;
	bool is_needed;
} rows[] = {
	{ "version", read_version, write_version, true },
	{ "check", read_check, write_check, false },
	{ "hostname", read_hostname, write_hostname, true },
	{ "mode", read_mode, write_mode, false },
	{ "local-rules", read_local_rules, write_local_rules, false },
	{ "guess-rules", read_guess_rules, write_guess_rules, false },
	{ "guess-scope", read_guess_scope, write_guess_scope, false },
	{ "explanation", read_explanation, write_explanation, false },
	{ "continue-on-dns-error", read_continue, write_continue, false },
	{ "trusted-relays", read_relays, write_relays, false },
	{ "nameservers", read_nameservers, write_nameservers, false },
	{ "time-limit", read_time_limit, write_time_limit, false },
	{ "void-limit", read_void_limit, write_void_limit, false },
	{ "one-from", read_one_from, write_one_from, false },
};

struct spf_service spf_service_default(const char *hostname)
{
	return (struct spf_service){
		.is_checked = true,
		.hostname = hostname,
		.spf = { .mode = SPF_HEADERS_ONLY,
		         .guess_scope = SPF_GUESS_NO_RECORD,
		         .local_rules = "",
		         .guess_rules = "",
		         .explanation = "" },
		.time_limit = SPF_SERVICE_TIME_LIMIT,
		.void_limit = SPF_SERVICE_VOID_LIMIT,
	};
}

int spf_service_parse(const char *name, const void *octets, size_t len, struct arena *mem,
                      struct spf_service *ret_settings, struct err *err)
{
	struct reader r = { .name = name,
		            .mem = mem,
		            .settings = spf_service_default("") };
	int rc = yaml_read(octets, len, name, mem, &r.root, err);
	if (rc < 0)
		return rc;
	if (!r.root || r.root->next || r.root->kind != YAML_MAP)
		return err_set(err, ERR_USAGE, _("%s: keys and values are expected"),
		               name);
	/* The version first: a newer file may hold keys that only a newer program knows. */
	if ((rc = read_version(&r, rows[0].key, err)) < 0)
		return rc;
	const char *keys[ARRAY_LEN(rows) + 1] = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		keys[i] = rows[i].key;
	if ((rc = yaml_check_keys(r.root, name, keys, err)) < 0)
		return rc;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool is_given = yaml_get(r.root, rows[i].key) != NULL;
		if (!is_given && rows[i].is_needed)
			return yaml_fault(r.root, name, err, _("\"%s\" is missing"),
			                  rows[i].key);
		if (is_given && (rc = rows[i].read(&r, rows[i].key, err)) < 0)
			return rc;
	}
	*ret_settings = r.settings;
	return 0;
}

void spf_service_render(const struct spf_service *settings, struct buf *into)
{
	yaml_put_comment(into, 0, "Written by mailauthctl; changes are overwritten.");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		rows[i].write(settings, rows[i].key, into);
}
