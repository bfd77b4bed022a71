/*
 * "opendkim -t": a message is passed to a filter process of its own, with the future configuration,
 * so that a domain whose mail would be deferred, or would end the daemon, is found before anything
 * is saved.
 *
 * Measured with 2.11: the exit status is not significant, the text is.  It runs with the caller's
 * rights, so all files may be in a folder of root's; RequireSafeKeys would refuse keys there
 * (path_check.h checks the rights of the real ones), and the client is 127.0.0.1, which an
 * administrator may have excluded: lines at the end override both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/names.h"
#include "core/base/secret.h"
#include "core/mta/check/validate.h"
#include "core/mta/plan/step.h"
#include "core/mta/probe/milter.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/provider/opendkim_validate.h"

#define MOST_NAMES 3

/* ---- lines that changed ----------------------------------------------------------------------- */

/* "<key> <domain>:<selector>:<path>" */
static bool cut_line(const char *line, size_t len, struct opendkim_line *ret)
{
	const char *end = line + len;
	const char *name = memchr(line, ' ', len);
	const char *selector = name ? memchr(name, ':', (size_t)(end - name)) : NULL;
	const char *path =
		selector ? memchr(selector + 1, ':', (size_t)(end - selector - 1)) : NULL;
	if (!path)
		return false;
	*ret = (struct opendkim_line){
		.name = name + 1,
		.name_len = (size_t)(selector - name - 1),
		.selector = selector + 1,
		.selector_len = (size_t)(path - selector - 1),
		.path = path + 1,
		.path_len = (size_t)(end - path - 1),
	};
	return true;
}

static int compare_texts(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order ? order : (a_len > b_len) - (a_len < b_len);
}

int opendkim_each_changed(const char *before, const char *now,
                          int (*each)(void *arg, const struct opendkim_line *line),
                          void *arg)
{
	int r = 0;
	while (*now && r == 0) {
		size_t len = strcspn(now, "\n"), old_len = strcspn(before, "\n");
		const char *next = now + len + (now[len] == '\n');
		const char *old_next = before + old_len + (before[old_len] == '\n');
		struct opendkim_line line, old;
		if (len == old_len && memcmp(now, before, len + 1) == 0) {
			now = next;
			before = old_next;
			continue;
		}
		bool has_line = cut_line(now, len, &line);
		int order = has_line && cut_line(before, old_len, &old)
		                    ? compare_texts(old.name, old.name_len, line.name,
		                                    line.name_len)
		                    : 1;
		if (order < 0) {
			before = old_next;
			continue;
		}
		if (has_line)
			r = each(arg, &line);
		before = order == 0 ? old_next : before;
		now = next;
	}
	return r;
}

/* ---- whom to try ------------------------------------------------------------------------------ */

struct choice {
	const struct validation *v;
	struct names replaced; /* key files that the plan writes */
	struct opendkim_line line[MOST_NAMES];
	size_t count;
};

static int choose(void *arg, const struct opendkim_line *line)
{
	struct choice *choice = arg;
	choice->line[choice->count++] = *line;
	return choice->count == MOST_NAMES;
}

static bool is_replaced(const struct choice *choice, const struct opendkim_line *line)
{
	auto_free char *path = xmemdup(line->path, line->path_len);
	return names_has(&choice->replaced, path);
}

static int choose_replaced(void *arg, const struct opendkim_line *line)
{
	struct choice *choice = arg;
	return is_replaced(choice, line) ? choose(arg, line) : 0;
}

/* New lines first, then lines whose key differs, else any. */
static void make_choice(struct choice *choice, const char *before, const char *now)
{
	const struct plan *plan = choice->v->plan;
	for (size_t i = 0; i < plan->count; i++)
		if (step_is_file(&plan->step[i]) && plan->step[i].is_secret &&
		    plan->step[i].is_present)
			names_add(&choice->replaced, plan->step[i].object);
	names_sort(&choice->replaced);
	(void)opendkim_each_changed(before, now, choose, choice);
	if (!choice->count && choice->replaced.count)
		(void)opendkim_each_changed("", now, choose_replaced, choice);
	if (!choice->count) {
		const char *rest = now + strcspn(now, "\n");
		struct opendkim_line line;
		if (cut_line(now, (size_t)(rest - now), &line))
			(void)choose(choice, &line);
	}
}

/* ---- the staged files ------------------------------------------------------------------------- */

/* The table with the lines of the tested names naming staged keys. */
static int stage_keys(const struct choice *choice, const char *now, struct err *err)
{
	const struct validation *v = choice->v;
	auto_buf table = BUF_INIT;
	const char *at = now;
	for (size_t i = 0; i < choice->count; i++) {
		const struct opendkim_line *line = &choice->line[i];
		auto_free char *path = xmemdup(line->path, line->path_len);
		const struct step *step = validation_step(v, path);
		char name[32];
		snprintf(name, sizeof(name), "key-%zu", i);
		auto_free char *staged = stage_path(v->stage, name);
		if (!step || !step->is_present)
			continue;
		auto_secret room = SECRET_INIT;
		const char *text;
		size_t len;
		int r = step_content(step, &v->plan->key_source, &room, &text, &len, err);
		if (r == 0)
			r = stage_write(v->stage, name, text, len, err);
		if (r < 0)
			return r;
		buf_add(&table, at, (size_t)(line->path - at));
		buf_puts(&table, staged);
		at = line->path + line->path_len;
	}
	buf_puts(&table, at);
	return stage_write(v->stage, "KeyTable", buf_text(&table), table.len, err);
}

static int stage_conf(const struct validation *v, struct err *err)
{
	auto_free char *conf = stage_path(v->stage, "opendkim.conf");
	auto_free char *keys = stage_path(v->stage, "KeyTable");
	auto_free char *hosts = stage_path(v->stage, "probe-hosts");
	auto_buf text = BUF_INIT;
	int r = stage_write(v->stage, "probe-hosts", "127.0.0.1\n", 10, err);
	if (r < 0)
		return r;
	buf_printf(&text,
	           "Include %s\nKeyTable file:%s\nInternalHosts file:%s\n"
	           "ExternalIgnoreList file:%s\nRequireSafeKeys no\nSyslog no\n",
	           conf, keys, hosts, hosts);
	return stage_write(v->stage, "probe.conf", buf_text(&text), text.len, err);
}

/* ---- the answer ------------------------------------------------------------------------------- */

static bool is_signed(const char *printed, const char *name, const char *selector)
{
	static const char mark[] = "hname='DKIM-Signature' hvalue='";
	for (const char *at = printed; (at = strstr(at, mark));) {
		char found[256] = "";
		at += strlen(mark);
		auto_free char *value = xmemdup(at, strcspn(at, "'"));
		for (char *c = value; *c; c++)
			*c = strchr("\r\n\t", *c) ? ' ' : *c;
		auto_free char *header = xasprintf("DKIM-Signature: %s\n", value);
		if (milter_find_signature(header, name, found, sizeof(found)))
			return strcasecmp(found, selector) == 0;
	}
	return false;
}

/* The rest of the first line that contains `mark`.  NULL: none. */
static char *rest_of(const char *printed, const char *mark)
{
	const char *at = strstr(printed, mark);
	return at ? xmemdup(at + strlen(mark), strcspn(at + strlen(mark), "\r\n")) : NULL;
}

char *opendkim_judge(const char *printed, int exit_status, const char *name,
                     const char *selector)
{
	static const char *const bad[] = { "SMFIS_TEMPFAIL", "SMFIS_REJECT",
		                           "SMFIS_DISCARD" };
	auto_free char *reason = rest_of(printed, "no signature added: ");
	if (exit_status > 128)
		return xasprintf(_("a message of %s would terminate OpenDKIM with "
		                   "signal %d"),
		                 name, exit_status - 128);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (strstr(printed, bad[i]))
			return xasprintf(
				_("OpenDKIM would refuse a message of %s (%s): %s"), name,
				bad[i],
				reason ? reason
				       : _("its key is missing, cannot be read or is not "
			                   "in the KeyTable"));
	if (!is_signed(printed, name, selector))
		return xasprintf(
			_("OpenDKIM would not sign a message of %s with selector %s%s%s"),
			name, selector, reason ? ": " : "", reason ? reason : "");
	return NULL;
}

static int try_one(const struct validation *v, const struct opendkim_line *line,
                   struct err *err)
{
	auto_free char *name = xmemdup(line->name, line->name_len);
	auto_free char *selector = xmemdup(line->selector, line->selector_len);
	auto_free char *conf = stage_path(v->stage, "probe.conf");
	auto_free char *path = stage_path(v->stage, "probe.eml");
	auto_free char *message = xasprintf(
		"From: postmaster@%s\r\nTo: postmaster@probe.invalid\r\nSubject: probe\r\n"
		"Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <probe@%s>\r\n\r\n"
		"probe\r\n",
		name, name);
	const char *const argv[] = { "opendkim", "-t", path, "-vvv", "-x", conf, NULL };
	cleanup(run_result_done) struct run_result result = { 0 };
	int r = stage_write(v->stage, "probe.eml", message, strlen(message), err);
	if (r == 0)
		r = stage_run(v->stage, argv, &result, err);
	if (r < 0)
		return r;
	auto_buf printed = BUF_INIT;
	buf_printf(&printed, "%s\n%s", buf_text(&result.out), buf_text(&result.errors));
	auto_free char *why =
		opendkim_judge(buf_text(&printed), result.exit_status, name, selector);
	return why ? err_set(err, ERR_FAILED, "%s", why) : 0;
}

int opendkim_try(const struct validation *v, struct err *err)
{
	const struct step *step = validation_step(v, OPENDKIM_KEY_TABLE);
	auto_opendkim_conf ours = OPENDKIM_CONF_INIT;
	auto_buf text = BUF_INIT, now = BUF_INIT;
	int r = validation_read(v, OPENDKIM_OURS, &text, err);
	if (r > 0)
		r = opendkim_conf_parse(&ours, buf_text(&text), NULL, NULL, err);
	const char *mode = r < 0 ? NULL : opendkim_conf_get(&ours, "Mode");
	if (r < 0 || !mode || !strchr(mode, 's'))
		return r;
	r = step ? step->is_present : validation_read(v, OPENDKIM_KEY_TABLE, &now, err);
	if (r <= 0)
		return r;
	const char *table = buf_text(step ? step_text(step) : &now);
	struct choice choice = { .v = v };
	make_choice(&choice, step ? buf_text(&step_old(step)->content) : table, table);
	r = choice.count ? stage_keys(&choice, table, err) : 0;
	if (r == 0 && choice.count)
		r = stage_conf(v, err);
	for (size_t i = 0; r == 0 && i < choice.count; i++)
		r = try_one(v, &choice.line[i], err);
	names_done(&choice.replaced);
	return r;
}
