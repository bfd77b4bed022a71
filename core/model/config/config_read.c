/*
 * A document becomes typed rows with their positions.
 *
 * Everything is checked before anything is refused, so that one run reports up to CONFIG_FAULTS_MAX
 * faults.  The tree is in an arena whose size depends on that of the text: a text from a stranger
 * may have so many nodes that it does not fit.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/config/config_inner.h"
#include "core/model/setting/srs_secret.h"
#include "dnszone/name/name.h"

#define TREE_OCTETS 24        /* of the tree for each of the text; exports need 2 to 8 */
#define TREE_LEAST (1u << 20) /* ... and at least */
#define TREE_MOST (1536u << 20) /* ... and at most */

/* ---- faults ---------------------------------------------------------------------------------- */

/* A document's value in a sentence must not contain a line break. */
static void join_lines(struct err *err)
{
	for (char *c = err->text; *c; c++)
		if (*c == '\n')
			*c = '?';
}

static void add_fault(struct config_reader *reader, unsigned line, unsigned column,
                      const char *why)
{
	if (reader->faults == CONFIG_FAULTS_MAX)
		return;
	struct config_fault *fault = &reader->fault[reader->faults++];
	struct err shown = ERR_INIT; /* foreign text: control characters become '?' */
	err_set(&shown, ERR_USAGE, "%s:%u:%u: %s", reader->config->what, line, column,
	        why);
	join_lines(&shown);
	fault->line = line;
	fault->column = column;
	fault->text = xstrdup(shown.text);
}

void config_fault(struct config_reader *reader, const struct yaml_node *node,
                  const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	auto_free char *why = xvasprintf(fmt, ap);
	va_end(ap);
	add_fault(reader, node->line, node->column, why);
}

void config_fault_key(struct config_reader *reader, const struct yaml_node *node,
                      const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	auto_free char *why = xvasprintf(fmt, ap);
	va_end(ap);
	add_fault(reader, node->key_line, node->key_column, why);
}

void config_fault_err(struct config_reader *reader, const struct yaml_node *node,
                      struct err *err)
{
	add_fault(reader, node->line, node->column, err->text);
	err_clear(err);
}

static int blame(const struct config *config, unsigned line, unsigned column,
                 struct err *err)
{
	if (err->code == ERR_USAGE || err->code == ERR_MISSING)
		err->code = ERR_FAILED;
	join_lines(err);
	return err_prefix(err, "%s:%u:%u", config->what, line, column);
}

int config_blame(const struct config *config, const struct yaml_node *node,
                 struct err *err)
{
	return blame(config, node->line, node->column, err);
}

int config_blame_key(const struct config *config, const struct yaml_node *node,
                     struct err *err)
{
	if (!node->key)
		return config_blame(config, node, err);
	return blame(config, node->key_line, node->key_column, err);
}

/* ---- values ---------------------------------------------------------------------------------- */

bool config_check_keys(struct config_reader *reader, const struct yaml_node *node,
                       const char *const keys[])
{
	struct err err = ERR_INIT;
	if (yaml_check_keys(node, "", keys, &err) >= 0)
		return true;
	/* ":<line>:<column>: sentence" */
	unsigned line = node->line, column = node->column;
	int len = 0;
	if (sscanf(err.text, ":%u:%u: %n", &line, &column, &len) < 2)
		len = 0;
	add_fault(reader, line, column, err.text + len);
	return false;
}

const char *config_text(struct config_reader *reader, const struct yaml_node *node)
{
	if (node->kind != YAML_SCALAR)
		config_fault(reader, node, _("a single value is required here"));
	else if (memchr(node->text, '\0', node->len))
		config_fault(reader, node, _("the value contains NUL"));
	else if (!node->len && node->is_plain)
		config_fault(reader, node,
		             _("the value is missing; \"\" is an empty value"));
	else
		return node->text;
	return NULL;
}

bool config_bool(struct config_reader *reader, const struct yaml_node *node,
                 bool *ret_value)
{
	const char *text = config_text(reader, node);
	if (!text)
		return false;
	if (text_to_bool(text, ret_value))
		return true;
	config_fault(reader, node, _("on or off is required, not \"%.80s\""), text);
	return false;
}

/* ---- settings -------------------------------------------------------------------------------- */

static void read_secrets(struct config_reader *reader, const struct yaml_node *node)
{
	const struct yaml_node *first = node->kind == YAML_LIST ? node->first : node;
	if (!first || node->kind == YAML_MAP)
		config_fault(reader, node,
		             _("a secret or a list of secrets is required here; the "
		               "first one signs"));
	for (const struct yaml_node *one = first; one && node->kind != YAML_MAP;
	     one = one == node ? NULL : one->next) {
		struct err err = ERR_INIT;
		struct secret secret = SECRET_INIT;
		const char *text = config_text(reader, one);
		if (!text)
			continue;
		secret_set(&secret, text, one->len);
		if (srs_secret_check(&secret, &err) < 0)
			config_fault_err(reader, one, &err);
		secret_done(&secret);
	}
	reader->config->secrets = node;
}

static void read_setting(struct config_reader *reader, const struct yaml_node *node,
                         bool is_domain, struct config_settings *settings)
{
	struct err err = ERR_INIT;
	enum setting_key key;
	char *canonical = NULL;
	if (setting_find(node->key, &key, &err) < 0) {
		config_fault_key(reader, node, "%s", err.text);
		return;
	}
	const struct setting_row *row = &setting_table[key];
	if (is_domain && !(row->flags & SETTING_AT_DOMAIN)) {
		config_fault_key(reader, node,
		                 _("%s is a setting of the server, not of a domain"),
		                 row->key);
		return;
	}
	if (row->type == SETTING_SECRET) {
		read_secrets(reader, node);
		return;
	}
	const char *text = config_text(reader, node);
	if (!text)
		return;
	if (setting_parse(row, text, &canonical, &err) < 0) {
		config_fault_err(reader, node, &err);
		return;
	}
	GROW(settings->row, settings->count, settings->room);
	settings->row[settings->count++] =
		(struct config_setting){ key, node, canonical };
}

static void read_settings(struct config_reader *reader, const struct yaml_node *node,
                          bool is_domain, struct config_settings *settings)
{
	if (node->kind != YAML_MAP) {
		config_fault(
			reader, node,
			_("settings and their values are required here; {} means none"));
		return;
	}
	for (const struct yaml_node *one = node->first; one; one = one->next)
		read_setting(reader, one, is_domain, settings);
}

const struct config_setting *config_find_setting(const struct config_settings *settings,
                                                 enum setting_key key)
{
	for (size_t i = 0; i < settings->count; i++)
		if (settings->row[i].key == key)
			return &settings->row[i];
	return NULL;
}

/* ---- domains --------------------------------------------------------------------------------- */

static const struct config_template *find_older(const struct config *config,
                                                const char *name)
{
	for (size_t i = 0; i < config->older_count; i++)
		if (strcmp(config->older[i].name, name) == 0)
			return &config->older[i];
	return NULL;
}

static void read_alias(struct config_reader *reader, const struct yaml_node *node,
                       struct config_domain *domain)
{
	struct err err = ERR_INIT;
	char name[NAME_SIZE];
	const char *text = config_text(reader, node);
	if (!text)
		return;
	if (name_parse_domain(text, name, &err) < 0) {
		config_fault_err(reader, node, &err);
		return;
	}
	if (strcmp(name, domain->name) == 0) {
		config_fault(reader, node, _("%s cannot be an alias of itself"), name);
		return;
	}
	domain->main = xstrdup(name);
	domain->main_node = node;
}

static void read_domain(struct config_reader *reader, const struct yaml_node *node,
                        const char *name)
{
	static const char *const keys[] = { "alias-of", "suspended", "template",
		                            "settings", "records",   "keys",
		                            NULL };
	struct config *config = reader->config;
	const struct yaml_node *one;
	GROW(config->domain, config->domain_count, config->domain_room);
	struct config_domain *domain = &config->domain[config->domain_count++];
	*domain = (struct config_domain){ .node = node, .name = xstrdup(name) };
	config_check_keys(reader, node, keys);
	if ((one = yaml_get(node, "alias-of")))
		read_alias(reader, one, domain);
	if ((one = yaml_get(node, "suspended")) &&
	    config_bool(reader, one, &domain->is_suspended))
		domain->suspended = one;
	if ((one = yaml_get(node, "template"))) {
		const char *text = config_text(reader, one);
		domain->template_node = one;
		domain->template = text ? find_older(config, text) : NULL;
		if (text && !domain->template)
			config_fault(reader, one,
			             _("older-templates has no entry \"%.80s\""), text);
	}
	if ((one = yaml_get(node, "settings")))
		read_settings(reader, one, true, &domain->settings);
	const struct config_setting *sign =
		config_find_setting(&domain->settings, SET_DKIM_SIGN);
	if (sign && domain->main)
		config_fault_key(reader, sign->node,
		                 _("%s is an alias and signs with the keys of %s"), name,
		                 domain->main);
	if ((one = yaml_get(node, "records")))
		config_read_records(reader, one, domain);
	if ((one = yaml_get(node, "keys")))
		config_read_keys(reader, one, domain);
}

static int compare_domains(const void *a, const void *b)
{
	const struct config_domain *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	if (order == 0 && x->node->key_line != y->node->key_line)
		return x->node->key_line < y->node->key_line ? -1 : 1;
	return order ? order : (int)x->node->key_column - (int)y->node->key_column;
}

const struct config_domain *config_find_domain(const struct config *config,
                                               const char *name)
{
	size_t low = 0, high = config->domain_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, config->domain[middle].name);
		if (order == 0)
			return &config->domain[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static void read_domains(struct config_reader *reader, const struct yaml_node *node)
{
	struct config *config = reader->config;
	config->domains = node;
	if (node->kind != YAML_MAP) {
		config_fault(reader, node, _("domains are required here; {} means none"));
		return;
	}
	for (const struct yaml_node *one = node->first; one; one = one->next) {
		struct err err = ERR_INIT;
		char name[NAME_SIZE];
		if (name_parse_domain(one->key, name, &err) < 0)
			config_fault_key(reader, one, "%s", err.text);
		else
			read_domain(reader, one, name);
	}
	if (config->domain_count)
		qsort(config->domain, config->domain_count, sizeof(*config->domain),
		      compare_domains);
	for (size_t i = 0; i < config->domain_count; i++) {
		const struct config_domain *domain = &config->domain[i];
		if (i && strcmp(domain->name, domain[-1].name) == 0)
			config_fault_key(reader, domain->node,
			                 _("%s is listed twice (first in line %u)"),
			                 domain->name, domain[-1].node->key_line);
		const struct config_domain *main =
			domain->main ? config_find_domain(config, domain->main) : NULL;
		if (main && main->main)
			config_fault(reader, domain->main_node,
			             _("%s is itself an alias of %s; use that domain"),
			             main->name, main->main);
	}
}

/* ---- the document ---------------------------------------------------------------------------- */

static void read_older(struct config_reader *reader, const struct yaml_node *node)
{
	struct config *config = reader->config;
	if (node->kind != YAML_MAP) {
		config_fault(reader, node,
		             _("names with their lists of records are required here"));
		return;
	}
	for (const struct yaml_node *one = node->first; one; one = one->next) {
		GROW(config->older, config->older_count, config->older_room);
		struct config_template *older = &config->older[config->older_count++];
		*older = (struct config_template){ .name = one->key };
		config_read_template(reader, one, older);
	}
}

static void read_format(struct config_reader *reader, const struct yaml_node *root)
{
	const struct yaml_node *node = yaml_get(root, "format");
	int64_t format = 0;
	if (!node) {
		config_fault(reader, root, _("the document has no \"format: %d\""),
		             CONFIG_FORMAT);
		return;
	}
	const char *text = config_text(reader, node);
	if (text && (!text_to_int(text, 0, INT64_MAX, &format) || format < 1))
		config_fault(reader, node, _("format must be a number, not \"%.80s\""),
		             text);
	else if (text && format != CONFIG_FORMAT)
		config_fault(reader, node,
		             _("format %" PRId64 " belongs to another version of this "
		               "program; this version reads format %d"),
		             format, CONFIG_FORMAT);
}

static void read_root(struct config_reader *reader, const struct yaml_node *root)
{
	static const char *const keys[] = { "format",          "server",  "template",
		                            "older-templates", "domains", NULL };
	struct config *config = reader->config;
	const struct yaml_node *node;
	config_check_keys(reader, root, keys);
	if (root->kind != YAML_MAP)
		return;
	read_format(reader, root);
	if ((node = yaml_get(root, "server"))) {
		config->server = node;
		read_settings(reader, node, false, &config->settings);
	}
	if ((node = yaml_get(root, "template")))
		config_read_template(reader, node, &config->newest);
	if ((node = yaml_get(root, "older-templates")))
		read_older(reader, node);
	if ((node = yaml_get(root, "domains")))
		read_domains(reader, node);
	config_check_uids(reader);
}

static int compare_faults(const void *a, const void *b)
{
	const struct config_fault *x = a, *y = b;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (int)x->column - (int)y->column;
}

/* All but the last are passed to the caller one by one. */
static int tell_faults(struct config_reader *reader,
                       void (*fault)(void *arg, const char *sentence), void *arg,
                       struct err *err)
{
	unsigned count = reader->faults;
	if (!count)
		return 0;
	SORT(reader->fault, count, compare_faults);
	for (unsigned i = 0; i + 1 < count; i++)
		fault(arg, reader->fault[i].text);
	err_set(err, ERR_USAGE, "%s", reader->fault[count - 1].text);
	for (unsigned i = 0; i < count; i++)
		free(reader->fault[i].text);
	return err->code;
}

static int read_tree(struct config *config, const char *text, size_t len, struct err *err)
{
	size_t size = len * TREE_OCTETS;
	if (len > CONFIG_INPUT_MAX)
		return err_set(err, ERR_USAGE,
		               _("%s is too large: the limit is %u octets"), config->what,
		               CONFIG_INPUT_MAX);
	size = size < TREE_LEAST ? TREE_LEAST : size > TREE_MOST ? TREE_MOST : size;
	if (!arena_open(&config->mem, size))
		return err_set(err, ERR_FAILED, _("not enough memory to read %s"),
		               config->what);
	int r = yaml_read(text, len, config->what, &config->mem, &config->root, err);
	if (r < 0)
		return r;
	if (!config->root)
		return err_set(err, ERR_USAGE, _("%s:1:1: the document is empty"),
		               config->what);
	if (config->root->next)
		return yaml_fault(config->root->next, config->what, err, "%s",
		                  _("a second document begins here; only one is "
		                    "allowed"));
	return 0;
}

int config_read(const char *text, size_t len, const char *what,
                void (*fault)(void *arg, const char *sentence), void *arg,
                struct config **ret_config, struct err *err)
{
	auto_config config = xcalloc(1, sizeof(*config));
	struct config_reader reader = { .config = config };
	config->what = xstrdup(what);
	int r = read_tree(config, text, len, err);
	if (r < 0)
		return r;
	read_root(&reader, config->root);
	r = tell_faults(&reader, fault, arg, err);
	if (r < 0)
		return r;
	*ret_config = config;
	config = NULL;
	return 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

int config_each_setting(const struct config *config,
                        int (*each)(void *arg, enum setting_key key, const char *text,
                                    struct err *err),
                        void *arg, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < config->settings.count; i++)
		r = each(arg, config->settings.row[i].key, config->settings.row[i].text,
		         err);
	return r;
}

int config_blame_setting(const struct config *config, enum setting_key key,
                         struct err *err)
{
	const struct config_setting *setting =
		config_find_setting(&config->settings, key);
	return setting ? config_blame(config, setting->node, err) : err->code;
}

static void settings_done(struct config_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		free(settings->row[i].text);
	free(settings->row);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	settings_done(&config->settings);
	config_records_done(&config->newest.records);
	for (size_t i = 0; i < config->older_count; i++)
		config_records_done(&config->older[i].records);
	free(config->older);
	for (size_t i = 0; i < config->domain_count; i++) {
		struct config_domain *domain = &config->domain[i];
		free(domain->name);
		free(domain->main);
		settings_done(&domain->settings);
		config_records_done(&domain->records);
		config_keys_done(domain);
	}
	free(config->domain);
	free(config->what);
	/* it may contain private keys */
	if (config->mem.at)
		explicit_bzero(config->mem.at, config->mem.used);
	arena_done(&config->mem);
	free(config);
}

void config_freep(struct config **config)
{
	config_free(*config);
}
