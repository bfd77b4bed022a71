/* Server-wide settings: one object that is read, changed in a few members, and sent back. */
#include "core/mta/smartermail/smartermail_antispam.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

#define PATH "settings/sysadmin/antispam-settings"
enum { NAME_MAX_LEN = 64 };

const char *const sm_group_names[SM_GROUPS] = { "spf", "dmarc", "srs", "dkim" };

static const struct member {
	enum sm_group group;
	const char *name;
	int reject_from; /* of SPF results: the lowest mode that rejects them; 0: never; -1: no weight */
} members[] = {
	{ SM_SPF, "spf_enabled", -1 },
	{ SM_SPF, "spf_enable_smtp_in", -1 },
	{ SM_SPF, "smtp_block_threshold", -1 },
	{ SM_SPF, "spf_weight_pass", 0 },
	{ SM_SPF, "spf_weight_fail", 3 },
	{ SM_SPF, "spf_weight_soft_fail", 4 },
	{ SM_SPF, "spf_weight_neutral", 5 },
	{ SM_SPF, "spf_weight_none", 6 },
	{ SM_SPF, "spf_weight_no_record", 6 },
	{ SM_SPF, "spf_weight_perm_error", 6 },
	{ SM_SPF, "spf_weight_temp_error", 0 },
	{ SM_DMARC, "spam_enable_dmarc_policy", -1 },
	{ SM_SRS, "spf_srs_enabled", -1 },
	{ SM_DKIM, "dkim_enabled", -1 },
};
/* Without these a group is not there. */
static const char *const required[SM_GROUPS][5] = {
	[SM_SPF] = { "spf_enabled", "spf_enable_smtp_in", "smtp_block_threshold",
	             "spf_weight_fail" },
	[SM_DMARC] = { "spam_enable_dmarc_policy" },
	[SM_SRS] = { "spf_srs_enabled" },
	[SM_DKIM] = { "dkim_enabled" },
};

/* "spf_enable_smtp_in": "spfEnableSmtpIn". */
static void to_camel(const char *name, char camel[NAME_MAX_LEN])
{
	size_t len = 0;
	for (; *name && len + 1 < NAME_MAX_LEN; name++) {
		bool is_break = *name == '_' && name[1];
		if (is_break)
			name++;
		camel[len++] = is_break ? (char)toupper((unsigned char)*name) : *name;
	}
	camel[len] = '\0';
}

/* The name under which the object has the member; false: it has not. */
static bool find_member(const struct jsdoc *holder, const char *name,
                        char key[NAME_MAX_LEN])
{
	to_camel(name, key);
	if (jsdoc_get(holder, key))
		return true;
	snprintf(key, NAME_MAX_LEN, "%s", name);
	return jsdoc_get(holder, key) != NULL;
}

/* The object with the members: the answer itself, or one in it. */
static struct jsdoc *find_holder(struct jsdoc *doc)
{
	static const char *const wrappers[] = { "antispamSettings", "antiSpamSettings",
		                                "spamSettings", "spam_settings",
		                                "settings" };
	char key[NAME_MAX_LEN];
	for (size_t i = 0; i < ARRAY_LEN(wrappers); i++) {
		struct jsdoc *inner = jsdoc_get(doc, wrappers[i]);
		for (size_t k = 0; inner && k < ARRAY_LEN(members); k++)
			if (find_member(inner, members[k].name, key))
				return inner;
	}
	return doc;
}

static bool has_group(const struct jsdoc *holder, enum sm_group group)
{
	char key[NAME_MAX_LEN];
	for (size_t i = 0; required[group][i]; i++)
		if (!find_member(holder, required[group][i], key))
			return false;
	return true;
}

static bool add_line(const struct jsdoc *holder, const char *name, struct buf *into)
{
	char key[NAME_MAX_LEN];
	bool flag;
	int64_t number;
	if (!find_member(holder, name, key))
		return true;
	if (jsdoc_bool(jsdoc_get(holder, key), &flag))
		buf_printf(into, "%s %s\n", name, flag ? "true" : "false");
	else if (jsdoc_number(jsdoc_get(holder, key), &number))
		buf_printf(into, "%s %" PRId64 "\n", name, number);
	else
		return false;
	return true;
}

static int read_object(struct sm_session *session, int64_t deadline,
                       struct jsdoc **ret_doc, struct err *err)
{
	int r = sm_ask(session, "GET", PATH, NULL, deadline, ret_doc, err);
	if (r != ERR_MISSING)
		return r;
	err_clear(err);
	*ret_doc = jsdoc_new(); /* a build without that route has no group */
	return 0;
}

/* False: it is not there, or has values of other types. */
static bool read_group(struct jsdoc *doc, enum sm_group group, struct buf *into)
{
	const struct jsdoc *holder = find_holder(doc);
	if (!has_group(holder, group))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (members[i].group == group && !add_line(holder, members[i].name, into))
			return false;
	return true;
}

int sm_antispam_get(struct sm_session *session, enum sm_group group, int64_t deadline,
                    bool *ret_is_set, struct buf *into, struct err *err)
{
	auto_jsdoc *doc = NULL;
	int r = read_object(session, deadline, &doc, err);
	if (r != 0)
		return r;
	buf_clear(into);
	*ret_is_set = read_group(doc, group, into);
	if (!*ret_is_set)
		buf_clear(into);
	return 0;
}

/* The value of `name` in lines "NAME VALUE"; NULL: none.  The caller frees. */
static char *value_in(const char *lines, const char *name)
{
	size_t len = strlen(name);
	for (const char *line = lines; *line;) {
		size_t end = strcspn(line, "\n");
		if (end > len && line[len] == ' ' && memcmp(line, name, len) == 0)
			return xmemdup(line + len + 1, end - len - 1);
		line += end + (line[end] == '\n');
	}
	return NULL;
}

static void change(struct jsdoc *holder, const char *name, const char *value)
{
	char key[NAME_MAX_LEN];
	int64_t number;
	if (!find_member(holder, name, key))
		return;
	if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
		jsdoc_set_bool(holder, key, *value == 't');
	else if (text_to_int(value, INT64_MIN, INT64_MAX, &number))
		jsdoc_set_number(holder, key, number);
}

int sm_antispam_set(struct sm_session *session, enum sm_group group, const char *lines,
                    int64_t deadline, struct err *err)
{
	static const char *const results[] = { "success", "message", "resultCode",
		                               "debugInfo" };
	auto_jsdoc *doc = NULL, *answer = NULL, *after = NULL;
	auto_buf now = BUF_INIT, then = BUF_INIT;
	int r = read_object(session, deadline, &doc, err);
	if (r != 0)
		return r;
	if (!read_group(doc, group, &now))
		return err_set(err, ERR_FAILED,
		               _("this SmarterMail has no %s settings any more"),
		               sm_group_names[group]);
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		auto_free char *value = members[i].group == group
		                                ? value_in(lines, members[i].name)
		                                : NULL;
		if (value)
			change(find_holder(doc), members[i].name, value);
	}
	for (size_t i = 0; i < ARRAY_LEN(results); i++)
		jsdoc_drop(doc, results[i]);
	r = sm_ask(session, "POST", PATH, doc, deadline, &answer, err);
	if (r == ERR_MISSING)
		return err_set(
			err, ERR_FAILED,
			_("this SmarterMail does not let its %s settings be changed "
		          "over its interface: change them in Antispam"),
			sm_group_names[group]);
	if (r == 0)
		r = read_object(session, deadline, &after, err);
	if (r == 0 &&
	    (!read_group(after, group, &then) || strcmp(buf_text(&then), lines) != 0))
		r = err_set(err, ERR_FAILED,
		            _("SmarterMail accepted the %s settings, but reports others "
		              "afterwards"),
		            sm_group_names[group]);
	return r;
}

bool sm_spf_lines(const char *now, int mode, struct buf *into)
{
	auto_free char *text = value_in(now, "smtp_block_threshold");
	int64_t threshold, weight;
	if (!text || !text_to_int(text, 1, INT32_MAX, &threshold))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const struct member *member = &members[i];
		auto_free char *value =
			member->group == SM_SPF ? value_in(now, member->name) : NULL;
		if (!value)
			continue;
		bool is_weight = member->reject_from >= 0 &&
		                 text_to_int(value, INT32_MIN, INT32_MAX, &weight);
		bool rejects = member->reject_from > 0 && mode >= member->reject_from;
		if (is_weight && rejects)
			weight = weight < threshold ? threshold : weight;
		else if (is_weight && weight >= threshold)
			weight = 0;
		if (is_weight)
			buf_printf(into, "%s %" PRId64 "\n", member->name, weight);
		else
			buf_printf(into, "%s %s\n", member->name,
			           strcmp(member->name, "smtp_block_threshold") == 0
			                   ? value
			                   : "true");
	}
	return true;
}
