/*
 * One table of typed rows is used by the reader and the writer.  Rules and explanation are checked
 * here as when they were set, so that a file edited by hand cannot contain a policy that the
 * evaluator does not support.
 */
#include "dnszone/verify/policyd_settings.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/network.h"
#include "core/base/tree_write.h"
#include "core/base/yaml.h"
#include "dnszone/name/name.h"
#include "dnszone/query/query.h"
#include "dnszone/spf/spf_record.h"
#include "dnszone/verify/exceptions.h"

/* ---- types of values ------------------------------------------------------------------------- */

/* One of several words. */
struct choice {
	bool (*parse)(const char *text, void *ret_value);
	const char *(*name)(const void *value);
	const char *fault;
};

static bool parse_mode(const char *text, void *ret_value)
{
	return spf_mode_from_text(text, ret_value);
}

static const char *mode_name(const void *value)
{
	return spf_mode_name(*(const enum spf_mode *)value);
}

static const struct choice mode_choice = {
	parse_mode, mode_name,
	N_("must be one of headers-only, defer-dns-errors, reject-fail, reject-softfail, "
	   "reject-neutral, reject-not-pass")
};

static const char *const scope_names[] = {
	[SPF_GUESS_NO_RECORD] = "no-record",
	[SPF_GUESS_MOST_PERMISSIVE] = "most-permissive",
};

const char *spf_guess_scope_name(enum spf_guess_scope scope)
{
	return scope_names[scope];
}

static bool parse_scope(const char *text, void *ret_value)
{
	for (size_t i = 0; i < ARRAY_LEN(scope_names); i++)
		if (strcmp(text, scope_names[i]) == 0) {
			*(enum spf_guess_scope *)ret_value = (enum spf_guess_scope)i;
			return true;
		}
	return false;
}

static const char *scope_name(const void *value)
{
	return spf_guess_scope_name(*(const enum spf_guess_scope *)value);
}

static const struct choice scope_choice = { parse_scope, scope_name,
	                                    N_("must be no-record or most-permissive") };

/* Checks of a text, or of an item of a list.  *ret_text: its replacement, which the caller frees;
 * NULL: it is unchanged. */
typedef int check_text(const char *text, char **ret_text, struct err *err);

static int check_host(const char *text, char **ret_text, struct err *err)
{
	char name[NAME_SIZE];
	int r = name_parse_host(text, name, err);
	if (r == 0)
		*ret_text = xstrdup(name);
	return r;
}

static int check_local_rules(const char *text, char **ret_text, struct err *err)
{
	(void)ret_text;
	return spf_check_local_rules(text, err);
}

static int check_explanation(const char *text, char **ret_text, struct err *err)
{
	(void)ret_text;
	return spf_check_explanation(text, err);
}

static int check_network(const char *text, char **ret_text, struct err *err)
{
	struct network net;
	(void)ret_text;
	if (network_parse(text, &net))
		return 0;
	return err_set(err, ERR_USAGE, _("\"%.100s\" is not an address or network"),
	               text);
}

static int check_nameserver(const char *text, char **ret_text, struct err *err)
{
	struct query_servers servers;
	(void)ret_text;
	return query_servers_parse(text, &servers, err);
}

/* ---- the table ------------------------------------------------------------------------------- */

enum kind { BOOL, NUMBER, CHOICE, TEXT, LIST };

#define AT(member) offsetof(struct policyd_settings, member)

/* In the order in which they are written. */
static const struct row {
	const char *key;
	enum kind kind; /* bool, unsigned, an enum, const char *, struct policyd_list */
	size_t at;
	bool is_needed;
	bool is_rare; /* BOOL: written only if it is on, so that older programs can read the file */
	int64_t least, most; /* NUMBER; LIST: at most so many items, 0: any number */
	const struct choice *choice; /* CHOICE */
	check_text *check;           /* TEXT, LIST */
} rows[] = {
	{ "version", NUMBER, AT(version), .is_needed = true, .least = 1,
	  .most = INT32_MAX },
	{ "check", BOOL, AT(is_checked) },
	{ "hostname", TEXT, AT(hostname), .is_needed = true, .check = check_host },
	{ "mode", CHOICE, AT(spf.mode), .choice = &mode_choice },
	{ "local-rules", TEXT, AT(spf.local_rules), .check = check_local_rules },
	{ "guess-rules", TEXT, AT(spf.guess_rules), .check = spf_check_guess_rules },
	{ "guess-scope", CHOICE, AT(spf.guess_scope), .choice = &scope_choice },
	{ "explanation", TEXT, AT(spf.explanation), .check = check_explanation },
	{ "continue-on-dns-error", BOOL, AT(spf.does_continue_on_dns_error) },
	{ "trusted-relays", LIST, AT(trusted_relays), .check = check_network },
	{ "nameservers", LIST, AT(nameservers), .most = QUERY_SERVERS_MAX,
	  .check = check_nameserver },
	{ "time-limit", NUMBER, AT(time_limit), .least = 1,
	  .most = POLICYD_TIME_LIMIT_MAX },
	{ "void-limit", NUMBER, AT(void_limit), .least = 0, .most = 10 },
	{ "one-from", BOOL, AT(is_one_from) },
	{ "dkim-verify", BOOL, AT(verifies_dkim), .is_rare = true },
	{ "dmarc-check", BOOL, AT(checks_dmarc), .is_rare = true },
	{ "dmarc-reject", BOOL, AT(rejects_dmarc), .is_rare = true },
	{ "dmarc-exceptions", LIST, AT(dmarc_exceptions), .check = exception_check },
};

/* ---- reading --------------------------------------------------------------------------------- */

struct reader {
	const char *name; /* of the file */
	const struct yaml_node *root;
	struct arena *mem;
	struct policyd_settings settings;
};

static int fault_at(const struct reader *reader, const struct row *row, struct err *err,
                    const char *why)
{
	return yaml_fault(yaml_get(reader->root, row->key), reader->name, err, "%s: %s",
	                  row->key, why);
}

static int fault_full(const struct reader *reader, struct err *err)
{
	return yaml_fault(reader->root, reader->name, err, "%s",
	                  _("the file is too large"));
}

static int read_text(struct reader *reader, const struct row *row, const char **ret_text,
                     struct err *err)
{
	auto_free char *kept = NULL;
	struct err why = ERR_INIT;
	int r = yaml_get_text(reader->root, reader->name, row->key, ret_text, err);
	if (r < 0)
		return r;
	if (row->check(*ret_text, &kept, &why) < 0)
		return fault_at(reader, row, err, why.text);
	if (kept)
		*ret_text = arena_memdup(reader->mem, kept, strlen(kept));
	return *ret_text ? 0 : fault_full(reader, err);
}

static int read_list(struct reader *reader, const struct row *row,
                     struct policyd_list *ret_list, struct err *err)
{
	const struct yaml_node *item;
	int r = yaml_get_list(reader->root, reader->name, row->key, &item, err);
	if (r < 0)
		return r;
	size_t count = yaml_get(reader->root, row->key)->count;
	const char **text = arena_calloc(reader->mem, count, sizeof(*text));
	if (!text)
		return fault_full(reader, err);
	if (row->most && count > (size_t)row->most)
		return fault_at(reader, row, err, _("more than three are not used"));
	*ret_list = (struct policyd_list){ text, count };
	for (; item; item = item->next) {
		auto_free char *kept = NULL;
		struct err why = ERR_INIT;
		if (row->check(item->text, &kept, &why) < 0)
			return yaml_fault(item, reader->name, err, "%s: %s", row->key,
			                  why.text);
		*text = kept ? arena_memdup(reader->mem, kept, strlen(kept)) : item->text;
		if (!*text++)
			return fault_full(reader, err);
	}
	return 0;
}

static int read_row(struct reader *reader, const struct row *row, struct err *err)
{
	void *value = (char *)&reader->settings + row->at;
	const char *text = "";
	int64_t number = 0;
	int r = 0;
	switch (row->kind) {
	case BOOL:
		return yaml_get_bool(reader->root, reader->name, row->key, value, err);
	case NUMBER:
		r = yaml_get_int(reader->root, reader->name, row->key, row->least,
		                 row->most, &number, err);
		if (r == 0)
			*(unsigned *)value = (unsigned)number;
		return r;
	case CHOICE:
		r = yaml_get_text(reader->root, reader->name, row->key, &text, err);
		return r < 0 || row->choice->parse(text, value)
		               ? r
		               : fault_at(reader, row, err, _(row->choice->fault));
	case TEXT:
		return read_text(reader, row, value, err);
	case LIST:
		return read_list(reader, row, value, err);
	}
	return r;
}

struct policyd_settings policyd_settings_default(const char *hostname)
{
	return (struct policyd_settings){
		.version = POLICYD_VERSION,
		.is_checked = true,
		.hostname = hostname,
		.spf = { .mode = SPF_HEADERS_ONLY,
		         .guess_scope = SPF_GUESS_NO_RECORD,
		         .local_rules = "",
		         .guess_rules = "",
		         .explanation = "" },
		.time_limit = POLICYD_TIME_LIMIT,
		.void_limit = POLICYD_VOID_LIMIT,
	};
}

/* A newer file may contain keys that only a newer program supports. */
static int check_version(struct reader *reader, struct err *err)
{
	const struct row *row = &rows[0];
	bool is_given = yaml_get(reader->root, row->key) != NULL;
	int r = is_given ? read_row(reader, row, err) : 0;
	if (r == 0 && reader->settings.version != POLICYD_VERSION)
		return fault_at(reader, row, err,
		                _("this format version is not supported"));
	return r;
}

int policyd_settings_parse(const char *name, const void *octets, size_t len,
                           struct arena *mem, struct policyd_settings *ret_settings,
                           struct err *err)
{
	struct reader reader = { .name = name,
		                 .mem = mem,
		                 .settings = policyd_settings_default("") };
	int r = yaml_read(octets, len, name, mem, &reader.root, err);
	if (r < 0)
		return r;
	if (!reader.root || reader.root->next || reader.root->kind != YAML_MAP)
		return err_set(err, ERR_USAGE, _("%s: keys and values are required"),
		               name);
	if ((r = check_version(&reader, err)) < 0)
		return r;
	const char *keys[ARRAY_LEN(rows) + 1] = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		keys[i] = rows[i].key;
	if ((r = yaml_check_keys(reader.root, name, keys, err)) < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool is_given = yaml_get(reader.root, rows[i].key) != NULL;
		if (!is_given && rows[i].is_needed)
			return yaml_fault(reader.root, name, err, _("\"%s\" is missing"),
			                  rows[i].key);
		if (is_given && (r = read_row(&reader, &rows[i], err)) < 0)
			return r;
	}
	*ret_settings = reader.settings;
	return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_list(struct tree *tree, const struct row *row,
                       const struct policyd_list *list)
{
	if (!list->count)
		return;
	tree_open(tree, row->key, TREE_LIST);
	for (size_t i = 0; i < list->count; i++)
		tree_text(tree, NULL, list->text[i]);
	tree_close(tree);
}

void policyd_settings_render(const struct policyd_settings *settings, struct buf *into)
{
	struct tree tree = { .out = into };
	buf_puts(into, "# Written by mailauthctl; changes are overwritten.\n");
	tree_open(&tree, NULL, TREE_MAP);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		const void *value = (const char *)settings + row->at;
		if (row->is_rare && !*(const bool *)value)
			continue;
		if (row->kind == BOOL)
			tree_on(&tree, row->key, *(const bool *)value);
		else if (row->kind == NUMBER)
			tree_int(&tree, row->key, *(const unsigned *)value);
		else if (row->kind == CHOICE)
			tree_text(&tree, row->key, row->choice->name(value));
		else if (row->kind == TEXT)
			tree_text(&tree, row->key, *(const char *const *)value);
		else
			write_list(&tree, row, value);
	}
	tree_close(&tree);
}
