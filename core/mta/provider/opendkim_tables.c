/*
 * KeyTable and SigningTable: rendered line by line, then checked.
 *
 * OpenDKIM reads lines of at most 1,023 octets and splits longer ones silently; a SigningTable line
 * without a key name, or with an unknown one, crashes the daemon or stops its search.
 */
#include "core/mta/provider/opendkim.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

#define LINE_LIMIT 1023

char *opendkim_key_path(const char *main_name, const char *selector)
{
	return xasprintf(OPENDKIM_KEYS "/%s/%s" OPENDKIM_KEY_ENDING, main_name, selector);
}

static void free_row(struct signing_row *row)
{
	const char *const texts[] = { row->name, row->main_name, row->selector,
		                      row->algorithm };
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		void *text;
		memcpy(&text, &texts[i], sizeof(text));
		free(text);
	}
	*row = (struct signing_row){ 0 };
}

static void keep_row(struct signing_row *kept, const struct signing_row *row)
{
	free_row(kept);
	*kept = *row;
	kept->name = xstrdup(row->name);
	kept->main_name = xstrdup(row->main_name);
	kept->selector = xstrdup(row->selector);
	kept->algorithm = xstrdup(row->algorithm);
}

void opendkim_tables_done(struct opendkim_tables *tables)
{
	buf_done(&tables->keys);
	buf_done(&tables->signing);
	free_row(&tables->pending);
	free(tables->first_rsa);
	free(tables->first_ed25519);
	tables->first_rsa = tables->first_ed25519 = NULL;
}

static void write_pending(struct opendkim_tables *tables)
{
	const struct signing_row *row = &tables->pending;
	if (!row->name)
		return;
	auto_free char *path = opendkim_key_path(row->main_name, row->selector);
	buf_printf(&tables->keys, "%s._domainkey.%s %s:%s:%s\n", row->selector, row->name,
	           row->name, row->selector, path);
	buf_printf(&tables->signing, "%s %s._domainkey.%s\n", row->name, row->selector,
	           row->name);
	char **first = strcmp(row->algorithm, "ed25519") == 0 ? &tables->first_ed25519
	                                                      : &tables->first_rsa;
	if (!*first)
		*first = xstrdup(row->name);
	if (tables->chosen)
		tables->chosen(tables->arg, row);
	free_row(&tables->pending);
}

int opendkim_tables_add(struct opendkim_tables *tables, const struct signing_row *row,
                        struct err *err)
{
	const struct signing_row *pending = &tables->pending;
	int order = pending->name ? strcmp(pending->name, row->name) : -1;
	if (order > 0)
		return err_set(err, ERR_FAILED,
		               _("names that sign are not in order: %s comes before %s"),
		               pending->name, row->name);
	if (order < 0)
		write_pending(tables);
	if (order < 0 || strcmp(row->algorithm, "rsa") == 0)
		keep_row(&tables->pending, row);
	return 0;
}

int opendkim_tables_end(struct opendkim_tables *tables, struct err *err)
{
	write_pending(tables);
	tables->is_ed25519 = tables->first_ed25519 && !tables->first_rsa;
	if (!tables->first_rsa || !tables->first_ed25519)
		return 0;
	err_set(err, ERR_FAILED,
	        _("%s has only an Ed25519 key and %s signs with RSA: this OpenDKIM "
	          "signs with one algorithm for all domains; run \"mailauthctl domain "
	          "set %s dkim.algorithm rsa\" (or both), then enable DKIM again"),
	        tables->first_ed25519, tables->first_rsa, tables->first_ed25519);
	return err_set_remedy(err, "mailauthctl domain set %s dkim.algorithm rsa",
	                      tables->first_ed25519);
}

/* ---- proof ------------------------------------------------------------------------------------ */

struct line {
	char text[LINE_LIMIT + 1]; /* split into its two fields */
	const char *key, *value;
};

static int bad_line(const char *table, size_t number, const char *why, struct err *err)
{
	return err_set(err, ERR_FAILED,
	               _("line %zu of the %s is not valid for OpenDKIM: %s"), number,
	               table, why);
}

/* The next line of *at as "key value". 1: there is one, 0: the end. */
static int next_line(const char **at, const char *table, size_t number, struct line *line,
                     struct err *err)
{
	if (!**at)
		return 0;
	size_t len = (size_t)(strchrnul(*at, '\n') - *at);
	if (len > LINE_LIMIT)
		return bad_line(table, number, _("it is longer than 1,023 octets"), err);
	if (!(*at)[len])
		return bad_line(table, number, _("it has no line break"), err);
	memcpy(line->text, *at, len);
	line->text[len] = '\0';
	*at += len + 1;
	char *blank = strchr(line->text, ' ');
	if (!blank || blank == line->text || !blank[1] || strpbrk(blank + 1, " \t") ||
	    strpbrk(line->text, "#\t"))
		return bad_line(table, number,
		                _("it is not two fields with one space between them"),
		                err);
	*blank = '\0';
	line->key = line->text;
	line->value = blank + 1;
	return 1;
}

/* "<domain>:<selector>:<path>" of "<selector>._domainkey.<domain>" */
static const char *check_key(const struct line *line, const char **ret_path)
{
	static const char between[] = "._domainkey.";
	const size_t between_len = sizeof(between) - 1;
	const char *selector = strchr(line->value, ':');
	const char *path = selector ? strchr(selector + 1, ':') : NULL;
	if (!path || selector == line->value || path == selector + 1)
		return N_("its second field is not <domain>:<selector>:<path>");
	size_t domain_len = (size_t)(selector++ - line->value);
	size_t selector_len = (size_t)(path++ - selector);
	const char *key = line->key;
	if (strlen(key) != selector_len + between_len + domain_len ||
	    memcmp(key, selector, selector_len) != 0 ||
	    memcmp(key + selector_len, between, between_len) != 0 ||
	    memcmp(key + selector_len + between_len, line->value, domain_len) != 0)
		return N_("its name does not match its selector and domain");
	if (!path_is_plain(path))
		return N_("its key file is not an absolute path");
	*ret_path = path;
	return NULL;
}

int opendkim_check_tables(const char *keys, const char *signing,
                          int (*each_path)(void *arg, const char *path, struct err *err),
                          void *arg, struct err *err)
{
	static const char key_table[] = "KeyTable", signing_table[] = "SigningTable";
	struct line key, name;
	char before[LINE_LIMIT + 1] = "";
	int r = 0;
	for (size_t number = 1;; number++) {
		const char *path = NULL;
		r = next_line(&keys, key_table, number, &key, err);
		if (r == 0)
			break;
		const char *why = r > 0 ? check_key(&key, &path) : NULL;
		if (why)
			r = bad_line(key_table, number, _(why), err);
		if (r > 0)
			r = next_line(&signing, signing_table, number, &name, err);
		if (r == 0)
			r = bad_line(signing_table, number, _("it is missing"), err);
		if (r > 0 && strcmp(name.value, key.key) != 0)
			r = bad_line(signing_table, number,
			             _("its key is not in the KeyTable"), err);
		if (r > 0 && strcmp(before, name.key) >= 0)
			r = bad_line(signing_table, number,
			             _("names are not sorted and unique"), err);
		if (r > 0 && each_path)
			r = each_path(arg, path, err);
		if (r < 0)
			break;
		memcpy(before, name.key, strlen(name.key) + 1);
	}
	if (r == 0 && *signing)
		r = err_set(err, ERR_FAILED,
		            _("the SigningTable has lines that the KeyTable lacks"));
	return r;
}
