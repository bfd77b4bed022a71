/*
 * Lint of zone files: what zone_scan.h finds in the text of an entry, then the content of each TXT
 * record by its owner (lint_txt.h), then the records of an owner together.
 *
 * A text that was cut or joined wrongly has one finding: those of its content would only repeat it.
 */
#include "dnszone/lint/lint_zone.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/err.h"
#include "core/base/text.h"
#include "dnszone/lint/lint_dkim.h"
#include "dnszone/lint/lint_dmarc.h"
#include "dnszone/lint/lint_spf.h"
#include "dnszone/lint/lint_txt.h"
#include "dnszone/name/rr.h"
#include "dnszone/name/zone_scan.h"
#include "dnszone/spf/spf_hint.h"
#include "dnszone/spf/spf_record.h"

#define FAULTS_MAX 100 /* entries that cannot be read, of which each gets a row */

enum code_index {
	SYNTAX,
	NOT_FOLLOWED,
	NO_RECORDS,
	TEXT_CUT,
	UNQUOTED,
	QUOTES_IN_TEXT,
	TYPE_SPF,
	DOUBLED_ORIGIN,
	MISSING_DOT,
	BESIDE_CNAME,
};

static const struct lint_row rows[] = {
	[SYNTAX] = { { "zone-syntax", LINT_ERROR,
	               N_("this entry cannot be read, so it was not checked") } },
	[NOT_FOLLOWED] = { { "zone-not-followed", LINT_NOTE,
	                     N_("$INCLUDE and $GENERATE are not followed; their records were not "
	                        "checked") } },
	[NO_RECORDS] = { { "zone-no-records", LINT_WARNING,
	                   N_("the file has no records") } },
	[TEXT_CUT] = { { "zone-text-cut", LINT_ERROR,
	                 N_("a ';' outside of quotes begins a comment, and the rest of the text is "
	                    "lost; put the text in quotes") } },
	[UNQUOTED] = { { "zone-text-unquoted", LINT_ERROR,
	                 N_("without quotes each word is a string of its own, and receivers join "
	                    "them without spaces; put the text in quotes") } },
	[QUOTES_IN_TEXT] = { { "zone-quotes-in-text", LINT_ERROR,
	                       N_("the text itself begins with a quote, so it was pasted with its "
	                          "quotes escaped; receivers ignore it") } },
	[TYPE_SPF] = { { "zone-type-spf", LINT_WARNING,
	                 N_("the type SPF is obsolete, and receivers do not query it; use TXT (RFC "
	                    "7208 3.1)") } },
	[DOUBLED_ORIGIN] = { { "zone-doubled-origin", LINT_ERROR,
	                       N_("the name contains the zone's name twice; a name that is not "
	                          "relative must end with a dot") } },
	[MISSING_DOT] = { { "zone-missing-dot", LINT_WARNING,
	                    N_("the name has no final dot, so the zone's name is added to it, and "
	                       "the file has no such name") } },
	[BESIDE_CNAME] = { { "zone-beside-cname", LINT_ERROR,
	                     N_("a name with a CNAME record cannot have other records; receivers "
	                        "find the target's records or none") } },
};

const struct lint_table lint_zone_table = { rows, ARRAY_LEN(rows) };

struct work {
	struct lint_zone *zone;
	size_t records, faults;
};

void lint_zone_done(struct lint_zone *zone)
{
	for (size_t i = 0; i < zone->count; i++) {
		struct lint_zone_row *row = &zone->row[i];
		free(row->owner);
		free(row->type);
		free(row->text);
		free(row->target);
		lint_list_done(&row->list);
	}
	free(zone->row);
	*zone = LINT_ZONE_INIT;
}

static struct lint_zone_row *add_row(struct lint_zone *zone, size_t line)
{
	GROW(zone->row, zone->count, zone->room);
	struct lint_zone_row *row = &zone->row[zone->count++];
	*row = (struct lint_zone_row){ .line = line };
	return row;
}

/* ---- one record ------------------------------------------------------------------------------- */

/* Whether the comment continues the text: " p=none" after "v=DMARC1 ;". */
static bool begins_with_tag(struct octets comment)
{
	size_t i = 0, begin;
	while (i < comment.len && comment.at[i] == ' ')
		i++;
	begin = i;
	while (i < comment.len && (comment.at[i] | 0x20) >= 'a' &&
	       (comment.at[i] | 0x20) <= 'z')
		i++;
	return i > begin && i < comment.len && comment.at[i] == '=';
}

static bool is_cut(const struct zone_entry *entry)
{
	return entry->comment_column && entry->strings > entry->quoted &&
	       (entry->is_glued || begins_with_tag(entry->comment));
}

static bool is_for_mail(const char *owner, struct octets text)
{
	return *lint_txt_place(owner)->pattern || spf_is_meant(text.at, text.len) ||
	       (text.len > 2 && strncasecmp(text.at, "v=", 2) == 0);
}

static const char *domain_of(const char *owner)
{
	static const char dmarc[] = "_dmarc.";
	return text_starts(owner, dmarc)          ? owner + strlen(dmarc)
	       : strstr(owner, "._report._dmarc") ? NULL
	                                          : owner;
}

static void lint_text_of(const struct zone_entry *entry, struct lint_zone_row *row)
{
	struct octets text = entry->text;
	if (is_cut(entry)) {
		lint_add(&row->list, &rows[TEXT_CUT].code, entry->comment_column, "%.*s;",
		         (int)(text.len < 200 ? text.len : 200), text.at);
		return;
	}
	if (entry->strings > 1 && entry->strings > entry->quoted &&
	    is_for_mail(entry->owner, entry->spaced)) {
		lint_add(&row->list, &rows[UNQUOTED].code, 0, "%.*s",
		         (int)(text.len < 200 ? text.len : 200), text.at);
		return;
	}
	auto_free char *typed = xmemdup(text.at, text.len);
	auto_free char *bare = *typed == '"' ? rr_txt_unquote(typed) : NULL;
	if (bare) {
		lint_add(&row->list, &rows[QUOTES_IN_TEXT].code, 0, "%.200s", typed);
		text = octets_of(bare);
	}
	lint_txt(entry->owner, text, domain_of(entry->owner), &row->list);
}

/* Whether the name ends with "<zone>.<zone>", for a zone of two labels or more. */
static bool is_doubled(const char *name)
{
	for (const char *at = name, *dot; at; at = dot ? dot + 1 : NULL) {
		size_t len = strlen(at), half = len / 2;
		dot = strchr(at, '.');
		if (len % 2 && at[half] == '.' && memcmp(at, at + half + 1, half) == 0 &&
		    memchr(at, '.', half))
			return true;
	}
	return false;
}

static void take_record(struct work *work, const struct zone_entry *entry)
{
	struct lint_zone_row *row = add_row(work->zone, entry->line);
	bool is_spf = strcmp(entry->type, "SPF") == 0;
	bool has_mail_target =
		strcmp(entry->type, "CNAME") == 0 || strcmp(entry->type, "MX") == 0;
	work->records++;
	row->owner = xstrdup(entry->owner);
	row->type = xstrdup(entry->type);
	if (is_doubled(entry->owner))
		lint_add(&row->list, &rows[DOUBLED_ORIGIN].code, 0, "%.300s",
		         entry->owner);
	if (is_spf)
		lint_add_row(&row->list, &rows[TYPE_SPF], NULL);
	if (is_spf || strcmp(entry->type, "TXT") == 0) {
		row->text = xmemdup(entry->text.at, entry->text.len);
		row->len = entry->text.len;
		lint_text_of(entry, row);
	}
	if (!entry->target || !has_mail_target || !entry->is_relative)
		return;
	if (is_doubled(entry->target))
		lint_add(&row->list, &rows[DOUBLED_ORIGIN].code, 0, "%s %.300s",
		         entry->type, entry->target);
	else
		row->target = xstrdup(entry->target);
}

static void take_entry(void *arg, const struct zone_entry *entry)
{
	struct work *work = arg;
	if (!entry->fault) {
		take_record(work, entry);
		return;
	}
	if (work->faults++ >= FAULTS_MAX)
		return;
	struct lint_zone_row *row = add_row(work->zone, entry->line);
	enum code_index code = entry->is_not_followed ? NOT_FOLLOWED : SYNTAX;
	lint_add_row(&row->list, &rows[code],
	             entry->is_not_followed ? NULL : entry->fault);
}

/* ---- the records of an owner ------------------------------------------------------------------ */

/* What there may be only one of at an owner. */
static const struct single {
	const char *pattern; /* of lint_txt_place */
	const struct lint_table *table;
	const char *code;
} singles[] = {
	{ "", &lint_spf_table, "spf-two-records" },
	{ "_dmarc", &lint_dmarc_table, "dmarc-two-records" },
	{ "*._domainkey", &lint_dkim_table, "dkim-two-records" },
};

static const struct lint_row *find_code(const struct single *single)
{
	size_t i = 0;
	while (strcmp(single->table->row[i].code.code, single->code) != 0)
		i++; /* a unit test has a fixture for each */
	return &single->table->row[i];
}

static bool is_counted(const struct single *single, const struct lint_zone_row *row)
{
	static const char dmarc[] = "v=DMARC1";
	if (!row->text || strcmp(row->type, "TXT") != 0)
		return false;
	if (!*single->pattern)
		return spf_record_has_version(row->text, row->len);
	if (*single->pattern == '_')
		return strncasecmp(row->text, dmarc, strlen(dmarc)) == 0;
	return true;
}

/* DNSSEC's own records may be next to a CNAME (RFC 4034 2, 3; RFC 4035 2.5). */
static bool is_of_dnssec(const char *type)
{
	return strcmp(type, "RRSIG") == 0 || strcmp(type, "NSEC") == 0 ||
	       strcmp(type, "KEY") == 0;
}

static void check_aliases(struct lint_zone_row **row, size_t count)
{
	const struct lint_zone_row *alias = NULL;
	for (size_t i = 0; i < count && !alias; i++)
		alias = strcmp(row[i]->type, "CNAME") == 0 ? row[i] : NULL;
	for (size_t i = 0; i < count && alias; i++)
		if (row[i] != alias && !is_of_dnssec(row[i]->type))
			lint_add(&row[i]->list, &rows[BESIDE_CNAME].code, 0,
			         _("%s; the CNAME record is in line %zu"), row[i]->type,
			         alias->line);
}

static void check_owner(struct lint_zone_row **row, size_t count)
{
	const char *pattern = lint_txt_place(row[0]->owner)->pattern;
	check_aliases(row, count);
	for (size_t k = 0; k < ARRAY_LEN(singles); k++) {
		const struct lint_zone_row *first = NULL;
		if (strcmp(singles[k].pattern, pattern) != 0)
			continue;
		for (size_t i = 0; i < count; i++) {
			if (!is_counted(&singles[k], row[i]))
				continue;
			if (first)
				lint_add(&row[i]->list, &find_code(&singles[k])->code, 0,
				         _("the other one is in line %zu"), first->line);
			else
				first = row[i];
		}
	}
}

static int compare_owners(const void *a, const void *b)
{
	const struct lint_zone_row *x = *(struct lint_zone_row *const *)a;
	const struct lint_zone_row *y = *(struct lint_zone_row *const *)b;
	int order = strcmp(x->owner, y->owner);
	return order ? order : (x > y) - (x < y);
}

static int compare_name(const void *key, const void *element)
{
	return strcmp(key, (*(struct lint_zone_row *const *)element)->owner);
}

static void check_owners(struct lint_zone *zone)
{
	auto_free struct lint_zone_row **sorted =
		xcalloc(zone->count + 1, sizeof(*sorted));
	size_t count = 0, end;
	for (size_t i = 0; i < zone->count; i++)
		if (zone->row[i].owner)
			sorted[count++] = &zone->row[i];
	SORT(sorted, count, compare_owners);
	for (size_t at = 0; at < count; at = end) {
		for (end = at + 1; end < count; end++)
			if (strcmp(sorted[end]->owner, sorted[at]->owner) != 0)
				break;
		check_owner(sorted + at, end - at);
	}
	/* a relative name of several labels is probably meant if it exists */
	for (size_t i = 0; i < count; i++) {
		struct lint_zone_row *row = sorted[i];
		if (row->target &&
		    !bsearch(row->target, sorted, count, sizeof(*sorted), compare_name))
			lint_add(&row->list, &rows[MISSING_DOT].code, 0, "%s %.300s",
			         row->type, row->target);
	}
}

void lint_zone(struct octets text, const char *origin, struct lint_zone *zone)
{
	struct work work = { .zone = zone };
	zone_scan(text, origin, take_entry, &work);
	if (!work.records && !work.faults)
		lint_add_row(&add_row(zone, 0)->list, &rows[NO_RECORDS], NULL);
	check_owners(zone);
}
