/*
 * cli/line/manref_tables.c: the tables of the program as mdoc(7): commands, settings, placeholders,
 * lint codes, checks of doctor, mail servers.
 */
#include "cli/line/manref_tables.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/line/commands.h"
#include "cli/line/panel_manual.h"
#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/setting/setting.h"
#include "core/model/setting/setting_label.h"
#include "core/mta/doctor/doctor.h"
#include "core/mta/push/registry.h"
#include "dnszone/lint/lint_dkim.h"
#include "dnszone/lint/lint_dmarc.h"
#include "dnszone/lint/lint_spf.h"
#include "dnszone/lint/lint_table.h"
#include "dnszone/lint/lint_txt.h"
#include "dnszone/lint/lint_zone.h"
#include "dnszone/name/placeholder.h"

#define EXAMPLE_WIDTH 66

/* ---- commands and options -------------------------------------------------------------------- */

/* The grammar of args.h as arguments of a macro. */
static void put_grammar(const char *at)
{
	while (*at) {
		size_t len = strcspn(at, "<>[]|=. ");
		if (*at == '<') {
			len = strcspn(at, ">");
			printf(" Ar %.*s", (int)len - 1, at + 1);
			len++;
		} else if (*at == '[' || *at == ']') {
			printf(*at == '[' ? " Oo" : " Oc");
			len = 1;
		} else if (*at == '|') {
			fputs(" |", stdout);
			len = 1;
		} else if (*at == '=') {
			fputs(" Ns = Ns", stdout);
			len = 1;
		} else if (*at == '.') {
			fputs(" ...", stdout);
			len = 3;
		} else if (*at == ' ') {
			len = 1;
		} else if (*at == '-') {
			printf(" Fl %.*s", (int)len - 1, at + 1);
		} else {
			printf(" Cm %.*s", (int)len, at);
		}
		at += len;
	}
}

/* `tells_access`: adds which options are closed to customers. */
static void put_options(const struct option_row *options, bool tells_access)
{
	for (const struct option_row *row = options; row->name; row++) {
		fputs(".It", stdout);
		if (row->letter)
			printf(" Fl %c ,", row->letter);
		printf(" Fl %s", row->name + 1);
		if (row->value)
			put_grammar(row->value);
		putchar('\n');
		roff_sentence(_(row->help));
		if (tells_access && (row->access == OPTION_FOR_ADMINS ||
		                     row->access == OPTION_STDIN_FOR_ADMINS))
			puts(_("Not for customers."));
		if (tells_access && row->access == OPTION_STDIN_FOR_ALL)
			puts(_("Customers: standard input only."));
	}
}

/* Where a line is cut so that it is no longer than EXAMPLE_WIDTH: after the last blank outside
 * quotes. */
static size_t cut_example(const char *line, size_t len)
{
	size_t cut = len;
	char quote = '\0';
	if (len <= EXAMPLE_WIDTH)
		return len;
	for (size_t i = 0; i < len && i < EXAMPLE_WIDTH - 2; i++) {
		if (line[i] == quote)
			quote = '\0';
		else if (!quote && strchr("'\"", line[i]))
			quote = line[i];
		else if (!quote && line[i] == ' ')
			cut = i;
	}
	return cut;
}

static void put_example(const char *text)
{
	puts(".\\\" Each line is a command.\n.Bd -literal -offset 2n");
	while (*text) {
		size_t len = strcspn(text, "\n"), cut = cut_example(text, len);
		auto_buf line = BUF_INIT;
		buf_add(&line, text, cut);
		if (cut < len)
			buf_printf(&line, " \\\n    %.*s", (int)(len - cut - 1),
			           text + cut + 1);
		const char *rest = strchr(buf_text(&line), '\n');
		roff_literal(buf_text(&line), rest ? (size_t)(rest - line.at) : line.len);
		if (rest)
			roff_literal(rest + 1, strlen(rest + 1));
		text += len + (text[len] == '\n');
	}
	puts(".Ed");
}

static void put_command(struct page *page, const struct command *row)
{
	printf(".It Ic %s", row->words);
	put_grammar(row->args ? row->args : "");
	putchar('\n');
	roff_sentence(_(row->help));
	page_put_section(page, row->words);
	if (row->needs & NEED_OWN_ACCESS)
		puts(_("Open to customers, for domains of their own."));
	if (row->options && row->options->name) {
		puts(".Bl -tag -width Ds");
		put_options(row->options, row->needs & NEED_OWN_ACCESS);
		puts(".El");
	}
	if (row->example)
		put_example(row->example);
}

static void put_commands(struct page *page, const char *noun)
{
	bool has_others = false;
	for (const struct command_group *group = command_groups; group->rows; group++) {
		if (*noun && !(group->noun && strcmp(group->noun, noun) == 0))
			continue;
		if (group->noun && !*noun) {
			printf(".Ss %s\n", group->noun);
			roff_sentence(_(group->help));
		} else if (!group->noun && !has_others) {
			printf(".Ss %s\n", _("Other commands"));
			has_others = true;
		}
		puts(".Bl -tag -width Ds");
		for (const struct command *row = group->rows; row->words; row++)
			if (!row->is_hidden)
				put_command(page, row);
		puts(".El");
	}
}

static void put_globals(struct page *page, const char *word)
{
	(void)page, (void)word;
	put_options(global_options, true);
}

/* ---- settings -------------------------------------------------------------------------------- */

/* A label, in quotes; characters outside ASCII as roff names them. */
static void put_label(const char *text)
{
	fputs(".Dq ", stdout);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if (*c >= 0xc0 && *c < 0xe0 && c[1]) {
			printf("\\[u%04X]", (unsigned)(*c & 0x1f) << 6 | (c[1] & 0x3fu));
			c++;
		} else {
			roff_char((char)*c);
		}
	putchar('\n');
}

/* How a hosting panel's page calls the setting and its values. */
static void put_labels(enum setting_key key)
{
	const char *value = NULL;
	bool has_begun = false;
	for (unsigned i = 0; i < setting_label_count; i++) {
		const struct setting_label *row = &setting_labels[i];
		if (row->key != key)
			continue;
		if (!has_begun)
			puts(".Pp\nLabels of hosting panels, which\n.Ic server set\naccepts as "
			     "values, and the names of their fields:\n.Bl -tag -width on");
		if (!has_begun || !text_same(value, row->value)) {
			if (row->value)
				printf(".It Cm %s\n", row->value);
			else
				puts(".It field");
		} else {
			puts(".br");
		}
		put_label(row->text);
		printf(".Pq %s, %s\n", row->source, row->language);
		value = row->value;
		has_begun = true;
	}
	if (has_begun)
		puts(".El");
}

static void put_setting(struct page *page, enum setting_key key)
{
	const struct setting_row *row = &setting_table[key];
	char values[512];
	setting_describe_values(row, values, sizeof(values));
	if (page->is_shown[key])
		page_complain(page, "shown twice:", row->key, strlen(row->key));
	page->is_shown[key] = true;
	printf(".Ss %s\n", row->key);
	roff_sentence(_(row->help));
	printf(".Pp\n.Bl -tag -width %s -compact\n", _("Default:"));
	printf(".It %s\n", _("Values:"));
	roff_words(values);
	printf(".It %s\n", _("Default:"));
	if (*row->default_text)
		roff_words(row->default_text);
	else
		puts(row->flags & SETTING_COMPUTED ? _("empty: found out from the system")
		                                   : _("empty"));
	if (row->domain_default) {
		printf(_("(a domain that does not set it: %s)"), row->domain_default);
		putchar('\n');
	}
	printf(".It %s\n%s\n.El\n", _("Scope:"),
	       row->flags & SETTING_AT_DOMAIN ? _("server and domain") : _("server"));
	const struct section *section = page_find_section(page, row->key);
	if (section &&
	    !text_starts(section->text, ".Bl")) /* the macro adds its own space */
		puts(".Pp");
	if (!page_put_section(page, row->key))
		page_complain(page, "no section for the setting", row->key,
		              strlen(row->key));
	put_labels(key);
}

/* Those whose key begins with "<prefix>."; "-": those without a dot. */
static void put_settings(struct page *page, const char *prefix)
{
	size_t len = strlen(prefix);
	page->has_settings = true;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *key = setting_table[i].key;
		bool is_wanted =
			strcmp(prefix, "-") == 0
				? !strchr(key, '.')
				: strncmp(key, prefix, len) == 0 && key[len] == '.';
		if (is_wanted)
			put_setting(page, (enum setting_key)i);
	}
}

/* ---- the other tables ------------------------------------------------------------------------ */

static void put_placeholders(struct page *page, const char *word)
{
	(void)page, (void)word;
	for (unsigned i = 0; i < placeholder_count; i++) {
		printf(".It Li < Ns %s Ns >\n", placeholder_table[i].name);
		roff_sentence(_(placeholder_table[i].help));
	}
}

static void put_lint(struct page *page, const char *word)
{
	static const struct lint_table *const tables[] = {
		&lint_dkim_table, &lint_dmarc_table, &lint_spf_table, &lint_txt_table,
		&lint_zone_table
	};
	(void)page, (void)word;
	for (size_t k = 0; k < ARRAY_LEN(tables); k++)
		for (size_t i = 0; i < tables[k]->count; i++) {
			const struct lint_code *code = &tables[k]->row[i].code;
			printf(".It Li %s Pq %s\n", code->code,
			       lint_severity_name(code->severity));
			roff_sentence(_(code->message));
		}
}

/* The description of each check of `doctor` is written by hand, as "check NAME". */
static void put_checks(struct page *page, const char *word)
{
	(void)word;
	for (const struct doctor_check *row = doctor_checks; row->name; row++) {
		auto_free char *key = xasprintf("check %s", row->name);
		printf(".It Cm %s\n", row->name);
		if (!page_put_section(page, key))
			page_complain(page, "no section for the check", row->name,
			              strlen(row->name));
	}
}

static void put_backends(struct page *page, const char *word)
{
	(void)page, (void)word;
	fputs(".Bl -column mailenable-standard", stdout);
	for (unsigned k = 0; k < FEATURE_COUNT; k++)
		printf(" \"%s\"", cmd_support_word(SUPPORT_PENDING));
	/* TRANSLATORS: columns, in mdoc(7) */
	printf("\n.It %s\n",
	       _("Em backend Ta Em sign Ta Em verify Ta Em SPF Ta Em DMARC Ta Em SRS"));
	for (unsigned i = 0; i < registry_count; i++) {
		const struct mta_backend *backend = registry[i];
		printf(".It %s", backend->name);
		for (unsigned k = 0; k < FEATURE_COUNT; k++)
			printf(" Ta %s", cmd_support_word(backend->support[k].level));
		putchar('\n');
	}
	puts(".El");
}

/* The manual's own table, in its order. */
static void put_manual(struct page *page, const char *word)
{
	(void)page, (void)word;
	puts(".Bl -column \"MailEnable Professional\" \"from 9.16\" yes yes DMARC \"DKIM, SPF, "
	     "DMARC\"");
	/* TRANSLATORS: columns, in mdoc(7) */
	printf(".It %s\n", _("Em server Ta Em DKIM Ta Em SPF Ta Em SRS Ta Em DMARC Ta Em "
	                     "incoming"));
	for (unsigned i = 0; i < panel_manual_count; i++) {
		const struct panel_manual *row = &panel_manual[i];
		const struct mta_backend *backend = registry_find(row->backend);
		if (!backend)
			page_complain(page, "no mail server", row->backend,
			              strlen(row->backend));
		else
			printf(".It %s Ta %s Ta %s Ta %s Ta %s Ta %s\n",
			       _(backend->title), _(row->dkim), _(row->spf), _(row->srs),
			       _(row->dmarc), _(row->incoming));
	}
	puts(".El");
}

static const struct directive {
	const char *name;
	void (*put)(struct page *page, const char *word);
} directives[] = {
	{ "backends", put_backends },
	{ "checks", put_checks },
	{ "commands", put_commands },
	{ "lint", put_lint },
	{ "manual", put_manual },
	{ "options", put_globals },
	{ "placeholders", put_placeholders },
	{ "settings", put_settings },
};

bool manref_put_table(struct page *page, const char *name, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(directives); i++)
		if (strcmp(directives[i].name, name) == 0) {
			directives[i].put(page, word);
			return true;
		}
	return false;
}
