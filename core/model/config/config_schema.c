/* The JSON Schema of a document, with which an editor can check it. */
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/text.h"
#include "core/base/tree_write.h"
#include "core/base/yaml.h"
#include "core/model/config/config.h"

#define TREE_ROOM ((size_t)256 << 10) /* octets for the text below as a tree */

/* Ends in the key "removed", whose content differs by kind of record. */
#define RECORD_PROPERTIES                                                                  \
	"      id:\n"                                                                      \
	"        description: number of a template record; edits by domains refer to it\n" \
	"        type: string\n"                                                           \
	"        pattern: ^t[1-9][0-9]*$\n"                                                \
	"      owner: { description: 'a name, such as @, www or _dmarc', type: string }\n" \
	"      type: { description: 'TXT, A, MX, ...', type: string }\n"                   \
	"      ttl:\n"                                                                     \
	"        description: time to live; without it <ttl>, the setting dns.ttl\n"       \
	"        type: [ integer, string ]\n"                                              \
	"        minimum: 0\n"                                                             \
	"        maximum: 2147483647\n"                                                    \
	"        pattern: ^([0-9]+[smhdw])+$\n"                                            \
	"      data:\n"                                                                    \
	"        description: presentation form; <domain> <hostname> <ip> <ipv6> are "     \
	"filled in\n"                                                                      \
	"        type: string\n"                                                           \
	"      removed:\n"

/* YAML; the settings of the server and of a domain replace "server" and "domain". */
static const char schema[] =
	"$schema: https://json-schema.org/draft/2020-12/schema\n"
	"title: configuration of mailauthctl\n"
	"type: object\n"
	"required: [ format ]\n"
	"additionalProperties: false\n"
	"properties:\n"
	"  format: { description: version of this format, const: 1 }\n"
	"  server: { $ref: '#/$defs/serverSettings' }\n"
	"  template:\n"
	"    description: the records that every domain gets\n"
	"    type: array\n"
	"    items: { $ref: '#/$defs/templateRecord' }\n"
	"  older-templates:\n"
	"    description: templates that domains still follow, by a name each\n"
	"    type: object\n"
	"    additionalProperties:\n"
	"      description: records; each with its id\n"
	"      type: array\n"
	"      items: { $ref: '#/$defs/templateRecord' }\n"
	"  domains:\n"
	"    description: the domains by name\n"
	"    type: object\n"
	"    propertyNames: { pattern: '^[^\\s./]+(\\.[^\\s./]+)+\\.?$' }\n"
	"    additionalProperties: { $ref: '#/$defs/domain' }\n"
	"$defs:\n"
	"  serverSettings:\n"
	"    description: settings of the server\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    properties: server\n"
	"  domainSettings:\n"
	"    description: settings of a domain\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    properties: domain\n"
	"  templateRecord:\n"
	"    description: a record that every domain gets\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    properties:\n" RECORD_PROPERTIES
	"        description: 'on: the built-in record is not wanted'\n"
	"        enum: [ on, off, true, false ]\n"
	"  record:\n"
	"    description: a record of the domain's own, or with an id its edit or removal of a "
	"template record\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    properties:\n" RECORD_PROPERTIES
	"        description: 'on: the domain goes without it'\n"
	"        enum: [ on, off, true, false ]\n"
	"  domain:\n"
	"    description: a domain\n"
	"    type: object\n"
	"    additionalProperties: false\n"
	"    properties:\n"
	"      alias-of:\n"
	"        description: its main domain, whose keys it signs with\n"
	"        type: string\n"
	"      suspended:\n"
	"        description: 'on: it does not sign'\n"
	"        enum: [ on, off, true, false ]\n"
	"      template:\n"
	"        description: name of the older template that it follows\n"
	"        type: string\n"
	"      settings: { $ref: '#/$defs/domainSettings' }\n"
	"      records:\n"
	"        description: its own records, and its edits of the template's\n"
	"        type: array\n"
	"        items: { $ref: '#/$defs/record' }\n"
	"      keys:\n"
	"        description: its DKIM keys\n"
	"        type: array\n"
	"        items: { $ref: '#/$defs/key' }\n"
	"  key:\n"
	"    description: a DKIM key\n"
	"    type: object\n"
	"    required: [ selector, private ]\n"
	"    additionalProperties: false\n"
	"    properties:\n"
	"      selector:\n"
	"        description: name of the key's record below _domainkey\n"
	"        type: string\n"
	"      state:\n"
	"        description: what it was when it was exported\n"
	"        enum: [ pending, active, retiring, resting, parked ]\n"
	"      private: { description: 'the private half, PEM', type: string }\n";
_Static_assert(CONFIG_FORMAT == 1, "the schema names the version");

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

static void put_settings(struct tree *tree, bool is_domain)
{
	tree_open(tree, "properties", TREE_MAP);
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (!is_domain || setting_table[i].flags & SETTING_AT_DOMAIN)
			put_setting(tree, &setting_table[i], is_domain);
	tree_close(tree);
}

static void put_node(struct tree *tree, const struct yaml_node *node)
{
	int64_t number;
	if (node->kind != YAML_SCALAR) {
		tree_open(tree, node->key, node->kind == YAML_MAP ? TREE_MAP : TREE_LIST);
		for (const struct yaml_node *one = node->first; one; one = one->next)
			put_node(tree, one);
		tree_close(tree);
	} else if (text_same(node->key, "properties")) {
		put_settings(tree, strcmp(node->text, "domain") == 0);
	} else if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0) {
		tree_bool(tree, node->key, *node->text == 't');
	} else if (text_to_int(node->text, 0, INT64_MAX, &number)) {
		tree_int(tree, node->key, number);
	} else {
		tree_text(tree, node->key, node->text);
	}
}

void config_put_schema(struct buf *out)
{
	struct tree tree = { .out = out, .is_json = true };
	auto_arena mem = { 0 };
	const struct yaml_node *root = NULL;
	struct err err = ERR_INIT;
	if (!arena_open(&mem, TREE_ROOM) ||
	    yaml_read(schema, strlen(schema), "schema", &mem, &root, &err) < 0)
		abort(); /* out of memory: the text is constant */
	put_node(&tree, root);
}
