/*
 * Local rules in a record: text in, text out.  The parser's spans give the positions, and the rest
 * of the record is copied octet by octet, so that a trace shows the published record plus our
 * rules.
 */
#include "dnszone/spf/spf_edit.h"

#include <string.h>

static bool is_mechanism(const struct spf_term *term)
{
	return term->kind < SPF_REDIRECT;
}

/* A domain that declares that it sends no mail. */
static bool is_bare_fail(const struct spf_record *record)
{
	size_t mechanisms = 0;
	bool is_bare = false;
	for (size_t i = 0; i < record->count; i++) {
		const struct spf_term *term = &record->term[i];
		if (!is_mechanism(term))
			continue;
		mechanisms++;
		is_bare = term->kind == SPF_ALL && term->qualifier == SPF_Q_FAIL;
	}
	return mechanisms == 1 && is_bare;
}

/* Index of the term before which the rules are inserted; `count`: after the last mechanism. */
static size_t run_start(const struct spf_record *record)
{
	size_t all = 0;
	while (all < record->count && record->term[all].kind != SPF_ALL)
		all++;
	if (all == record->count)
		return all;
	enum spf_qualifier shared = record->term[all].qualifier;
	size_t first = all;
	for (size_t i = all; i-- > 0 && shared != SPF_Q_PASS;) {
		if (!is_mechanism(&record->term[i]))
			continue;
		if (record->term[i].qualifier != shared)
			break;
		first = i;
	}
	return first;
}

/* Offset in the text: before a word, or after one. */
static size_t cut_at(const struct spf_record *record, bool *ret_is_behind)
{
	size_t first = run_start(record);
	*ret_is_behind = first == record->count;
	if (!*ret_is_behind)
		return record->term[first].at;
	for (size_t i = record->count; i-- > 0;)
		if (is_mechanism(&record->term[i]))
			return record->term[i].at + record->term[i].len;
	return strlen("v=spf1");
}

struct writer {
	char *at;
	size_t len;
};

static void write_octets(struct writer *w, const char *octets, size_t len)
{
	if (len > 0)
		memcpy(w->at + w->len, octets, len);
	w->len += len;
}

/* One blank between the rules, each with its qualifier. */
static void write_rules(struct writer *w, const char *rules)
{
	bool is_first = true;
	for (const char *at = rules + strspn(rules, " "); *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		if (!is_first)
			write_octets(w, " ", 1);
		if (!strchr("+-~?", *at))
			write_octets(w, "+", 1);
		write_octets(w, at, len);
		at += len;
		is_first = false;
	}
}

bool spf_edit_insert_local(const struct spf_record *record, const char *rules,
                           struct arena *mem, struct spf_policy *ret_policy)
{
	*ret_policy = (struct spf_policy){ .text = { record->text, record->len } };
	if (!rules[strspn(rules, " ")] || is_bare_fail(record))
		return true;
	bool is_behind;
	size_t cut = cut_at(record, &is_behind);
	/* a rule of one letter and a blank may get a sign: the text grows by at most one half */
	struct writer w = { arena_alloc(mem, record->len + 2 * strlen(rules) + 3), 0 };
	if (!w.at)
		return false;
	write_octets(&w, record->text, cut);
	if (is_behind)
		write_octets(&w, " ", 1);
	ret_policy->local_at = w.len;
	write_rules(&w, rules);
	ret_policy->local_len = w.len - ret_policy->local_at;
	if (!is_behind)
		write_octets(&w, " ", 1);
	write_octets(&w, record->text + cut, record->len - cut);
	ret_policy->text = (struct octets){ w.at, w.len };
	return true;
}
