/* The JSON Schema of a document: what an editor can say about it while it is typed. */
#include "core/base/text.h"
#include "core/base/tree_write.h"
#include "core/model/config/config.h"

static void put_items(struct tree *tree, const char *key, const char *const items[])
{
	tree_open(tree, key, TREE_LIST);
	for (size_t i = 0; items[i]; i++)
		tree_text(tree, NULL, items[i]);
	tree_close(tree);
}

/* on and off are texts in YAML 1.2 and booleans in YAML 1.1. */
static void put_bool_values(struct tree *tree)
{
	tree_open(tree, "enum", TREE_LIST);
	tree_text(tree, NULL, "on");
	tree_text(tree, NULL, "off");
	tree_bool(tree, NULL, true);
	tree_bool(tree, NULL, false);
	tree_close(tree);
}

static void put_ref(struct tree *tree, const char *key, const char *name)
{
	tree_open(tree, key, TREE_MAP);
	tree_text(tree, "$ref", name);
	tree_close(tree);
}

/* A property that is a text. */
static void put_text_property(struct tree *tree, const char *key, const char *help,
                              const char *pattern)
{
	tree_open(tree, key, TREE_MAP);
	tree_text(tree, "description", help);
	tree_text(tree, "type", "string");
	if (pattern)
		tree_text(tree, "pattern", pattern);
	tree_close(tree);
}

static void put_bool_property(struct tree *tree, const char *key, const char *help)
{
	tree_open(tree, key, TREE_MAP);
	tree_text(tree, "description", help);
	put_bool_values(tree);
	tree_close(tree);
}

/* Begins an object of known properties; the caller closes "properties" and the object. */
static void open_object(struct tree *tree, const char *key, const char *help,
                        const char *const required[])
{
	tree_open(tree, key, TREE_MAP);
	tree_text(tree, "description", help);
	tree_text(tree, "type", "object");
	if (required)
		put_items(tree, "required", required);
	tree_bool(tree, "additionalProperties", false);
	tree_open(tree, "properties", TREE_MAP);
}

static void close_object(struct tree *tree)
{
	tree_close(tree);
	tree_close(tree);
}

static void put_list(struct tree *tree, const char *key, const char *help,
                     const char *item)
{
	tree_open(tree, key, TREE_MAP);
	tree_text(tree, "description", help);
	tree_text(tree, "type", "array");
	put_ref(tree, "items", item);
	tree_close(tree);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void put_words(struct tree *tree, const struct setting_row *row)
{
	tree_open(tree, "enum", TREE_LIST);
	for (size_t i = 0; row->words[i]; i++)
		tree_text(tree, NULL, row->words[i]);
	for (int64_t i = 0; row->flags & SETTING_NUMBERED && row->words[i]; i++)
		tree_int(tree, NULL, i + 1);
	tree_close(tree);
}

/* A text, or a list of texts. */
static void put_secret(struct tree *tree)
{
	tree_open(tree, "type", TREE_LIST);
	tree_text(tree, NULL, "string");
	tree_text(tree, NULL, "array");
	tree_close(tree);
	tree_open(tree, "items", TREE_MAP);
	tree_text(tree, "type", "string");
	tree_close(tree);
}

static void put_setting(struct tree *tree, const struct setting_row *row, bool is_domain)
{
	tree_open(tree, row->key, TREE_MAP);
	tree_text(tree, "description", row->help);
	if (row->type == SETTING_BOOL) {
		put_bool_values(tree);
	} else if (row->type == SETTING_ENUM) {
		put_words(tree, row);
	} else if (row->type == SETTING_INT) {
		tree_text(tree, "type", "integer");
		tree_int(tree, "minimum", row->min);
		tree_int(tree, "maximum", row->max);
	} else if (row->type == SETTING_DURATION) {
		tree_open(tree, "type", TREE_LIST);
		tree_text(tree, NULL, "string");
		tree_text(tree, NULL, "integer");
		tree_close(tree);
		tree_text(tree, "pattern", "^(0|([0-9]+[smhdw])+)$");
		tree_int(tree, "maximum", 0);
	} else if (row->type == SETTING_SECRET) {
		put_secret(tree);
	} else {
		tree_text(tree, "type", "string");
	}
	if (row->type == SETTING_INT) {
		int64_t number = 0;
		if (text_to_int(row->default_text, row->min, row->max, &number))
			tree_int(tree, "default", number);
	} else if (row->type != SETTING_SECRET) {
		tree_text(tree, "default",
		          is_domain && row->domain_default ? row->domain_default
		                                           : row->default_text);
	}
	tree_close(tree);
}

static void put_settings(struct tree *tree, const char *key, const char *help,
                         bool is_domain)
{
	open_object(tree, key, help, NULL);
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (!is_domain || setting_table[i].flags & SETTING_AT_DOMAIN)
			put_setting(tree, &setting_table[i], is_domain);
	close_object(tree);
}

/* ---- records, domains, keys ------------------------------------------------------------------ */

static void put_ttl(struct tree *tree)
{
	tree_open(tree, "ttl", TREE_MAP);
	tree_text(tree, "description",
	          "time to live; without it <ttl>, the setting dns.ttl");
	tree_open(tree, "type", TREE_LIST);
	tree_text(tree, NULL, "integer");
	tree_text(tree, NULL, "string");
	tree_close(tree);
	tree_int(tree, "minimum", 0);
	tree_int(tree, "maximum", INT32_MAX);
	tree_text(tree, "pattern", "^([0-9]+[smhdw])+$");
	tree_close(tree);
}

static void put_record_properties(struct tree *tree)
{
	put_text_property(tree, "id",
	                  "number of a template record; edits by domains refer to it",
	                  "^t[1-9][0-9]*$");
	put_text_property(tree, "owner", "a name, such as @, www or _dmarc", NULL);
	put_text_property(tree, "type", "TXT, A, MX, ...", NULL);
	put_ttl(tree);
	put_text_property(
		tree, "data",
		"presentation form; <domain> <hostname> <ip> <ipv6> are filled in", NULL);
}

static void put_records(struct tree *tree)
{
	open_object(tree, "templateRecord", "a record that every domain gets", NULL);
	put_record_properties(tree);
	put_bool_property(tree, "removed", "on: the built-in record is not wanted");
	close_object(tree);
	open_object(
		tree, "record",
		"a record of the domain's own, or with an id its edit or removal of a "
		"template record",
		NULL);
	put_record_properties(tree);
	put_bool_property(tree, "removed", "on: the domain goes without it");
	close_object(tree);
}

static void put_key(struct tree *tree)
{
	static const char *const required[] = { "selector", "private", NULL };
	static const char *const states[] = { "pending", "active", "retiring",
		                              "resting", "parked", NULL };
	open_object(tree, "key", "a DKIM key", required);
	put_text_property(tree, "selector", "name of the key's record below _domainkey",
	                  NULL);
	tree_open(tree, "state", TREE_MAP);
	tree_text(tree, "description", "what it was when it was exported");
	put_items(tree, "enum", states);
	tree_close(tree);
	put_text_property(tree, "private", "the private half, PEM", NULL);
	close_object(tree);
}

static void put_domain(struct tree *tree)
{
	open_object(tree, "domain", "a domain", NULL);
	put_text_property(tree, "alias-of", "its main domain, whose keys it signs with",
	                  NULL);
	put_bool_property(tree, "suspended", "on: it does not sign");
	put_text_property(tree, "template", "name of the older template that it follows",
	                  NULL);
	put_ref(tree, "settings", "#/$defs/domainSettings");
	put_list(tree, "records", "its own records, and its edits of the template's",
	         "#/$defs/record");
	put_list(tree, "keys", "its DKIM keys", "#/$defs/key");
	close_object(tree);
}

static void put_domains(struct tree *tree)
{
	tree_open(tree, "domains", TREE_MAP);
	tree_text(tree, "description", "the domains by name");
	tree_text(tree, "type", "object");
	tree_open(tree, "propertyNames", TREE_MAP);
	tree_text(tree, "pattern", "^[^\\s./]+(\\.[^\\s./]+)+\\.?$");
	tree_close(tree);
	put_ref(tree, "additionalProperties", "#/$defs/domain");
	tree_close(tree);
}

static void put_older(struct tree *tree)
{
	tree_open(tree, "older-templates", TREE_MAP);
	tree_text(tree, "description",
	          "templates that domains still follow, by a name each");
	tree_text(tree, "type", "object");
	put_list(tree, "additionalProperties", "records; each with its id",
	         "#/$defs/templateRecord");
	tree_close(tree);
}

void config_put_schema(struct buf *out)
{
	static const char *const required[] = { "format", NULL };
	struct tree document = { .out = out, .is_json = true };
	struct tree *tree = &document;
	tree_open(tree, NULL, TREE_MAP);
	tree_text(tree, "$schema", "https://json-schema.org/draft/2020-12/schema");
	tree_text(tree, "title", "configuration of mailauthctl");
	tree_text(tree, "type", "object");
	put_items(tree, "required", required);
	tree_bool(tree, "additionalProperties", false);
	tree_open(tree, "properties", TREE_MAP);
	tree_open(tree, "format", TREE_MAP);
	tree_text(tree, "description", "version of this format");
	tree_int(tree, "const", CONFIG_FORMAT);
	tree_close(tree);
	put_ref(tree, "server", "#/$defs/serverSettings");
	put_list(tree, "template", "the records that every domain gets",
	         "#/$defs/templateRecord");
	put_older(tree);
	put_domains(tree);
	tree_close(tree);
	tree_open(tree, "$defs", TREE_MAP);
	put_settings(tree, "serverSettings", "settings of the server", false);
	put_settings(tree, "domainSettings", "settings of a domain", true);
	put_records(tree);
	put_domain(tree);
	put_key(tree);
	tree_close(tree);
	tree_close(tree);
}
