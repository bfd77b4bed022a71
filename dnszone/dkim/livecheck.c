/*
 * What authoritative servers say (authority.h), judged; judging is the same for an answer that came
 * another way.
 */
#include "dnszone/dkim/livecheck.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "core/base/alloc.h"
#include "core/base/arena.h"
#include "core/base/fan.h"
#include "core/base/signals.h"
#include "dnszone/dkim/dkim_record.h"
#include "dnszone/name/dns_name.h"
#include "dnszone/query/authority.h"

enum {
	CHECK_MEMORY = 1 << 20, /* pages that are not used cost nothing */
	WIDTH = 32,             /* names in flight */
	/* sockets of one of them at the most: two questions to each server, a few tries of each */
	FILES_EACH = 2 * 4 * (AUTHORITY_SERVERS_MAX + 1),
	FILES_OTHER = 64,
	FILES_MAX = FILES_OTHER + WIDTH * FILES_EACH,
};

const char *live_state_name(enum live_state state)
{
	static const char *const names[] = { "seen", "missing", "different", "unknown" };
	return names[state];
}

static void say(struct live_answer *answer, enum live_state state, const char *fmt, ...)
	printf_like(3, 4);
static void say(struct live_answer *answer, enum live_state state, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	answer->state = state;
	vsnprintf(answer->detail, sizeof(answer->detail), fmt, ap);
	va_end(ap);
}

/* ---- what they show -------------------------------------------------------------------------- */

static void judge_key(const struct dns_answer *answer, const char *server,
                      const char *record, struct live_answer *ret_answer)
{
	struct dkim_verdict verdict;
	char clause[256];
	dkim_record_count(answer->count, &verdict);
	if (verdict.fault == DKIM_FITS)
		dkim_record_judge(answer->rdata[0].octets, answer->rdata[0].len, record,
		                  &verdict);
	ret_answer->is_testing = verdict.is_testing;
	if (verdict.fault == DKIM_FITS)
		return;
	dkim_verdict_say(&verdict, clause, sizeof(clause));
	say(ret_answer, LIVE_DIFFERENT, "%s: %s", server, clause);
	ret_answer->fault = dkim_fault_key(verdict.fault);
}

/* White space in a policy means little: texts are the same without it. */
static bool is_same_text(const char *a, const char *b)
{
	a += strspn(a, " \t\r\n");
	b += strspn(b, " \t\r\n");
	while (*a && *a == *b) {
		a++;
		b++;
		a += strspn(a, " \t\r\n");
		b += strspn(b, " \t\r\n");
	}
	return *a == *b;
}

/* RFC 7208 4.5, RFC 9989: other TXT records at the name mean nothing, two policies count as none.
 */
static void judge_policy(const struct dns_answer *answer, const char *server,
                         const char *record, struct live_answer *ret_answer)
{
	size_t tag = strcspn(record, " ;"), found = 0;
	bool is_same = false;
	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_rdata *rdata = &answer->rdata[i];
		auto_free char *shown = xmemdup(rdata->octets, rdata->len);
		if (strncasecmp(shown, record, tag) != 0 ||
		    (shown[tag] && !strchr(" ;", shown[tag])))
			continue;
		found++;
		is_same = is_same_text(shown, record);
	}
	if (!found)
		say(ret_answer, LIVE_MISSING, _("%s does not have it"), server);
	else if (found > 1)
		say(ret_answer, LIVE_DIFFERENT, _("%s returns %zu such policies"), server,
		    found);
	else if (!is_same)
		say(ret_answer, LIVE_DIFFERENT, _("%s returns a different text"), server);
}

/* The serial is the first of five numbers after the two names (RFC 1035 3.3.13). */
static void judge_serial(const struct dns_answer *answer, const char *server,
                         const char *record, struct live_answer *ret_answer)
{
	enum { NUMBERS = 20 };
	const struct dns_rdata *rdata = &answer->rdata[0];
	char shown[16] = "?";
	if (rdata->len >= NUMBERS) {
		const uint8_t *at = rdata->octets + rdata->len - NUMBERS;
		snprintf(shown, sizeof(shown), "%" PRIu32,
		         (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
		                 (uint32_t)at[2] << 8 | at[3]);
	}
	if (strcmp(shown, record) != 0)
		say(ret_answer, LIVE_DIFFERENT, _("%s has serial %s"), server, shown);
}

enum dns_type live_type(enum live_kind kind)
{
	return kind == LIVE_SERIAL ? DNS_SOA : DNS_TXT;
}

void livecheck_judge(enum live_kind kind, const struct dns_answer *answer,
                     const char *server, const char *record,
                     struct live_answer *ret_answer)
{
	*ret_answer = (struct live_answer){ .state = LIVE_SEEN };
	if (answer->kind == DNS_TEMPFAIL)
		say(ret_answer, LIVE_UNKNOWN, "%s", answer->why);
	else if (answer->kind != DNS_OK || !answer->count)
		say(ret_answer, LIVE_MISSING, _("%s does not have it"), server);
	else if (kind == LIVE_DKIM)
		judge_key(answer, server, record, ret_answer);
	else if (kind == LIVE_POLICY)
		judge_policy(answer, server, record, ret_answer);
	else
		judge_serial(answer, server, record, ret_answer);
}

/* A server that does not show it counts more than one that does not answer. */
static unsigned weight(enum live_state state)
{
	static const unsigned weights[] = { [LIVE_SEEN] = 0,
		                            [LIVE_UNKNOWN] = 1,
		                            [LIVE_MISSING] = 2,
		                            [LIVE_DIFFERENT] = 3 };
	return weights[state];
}

static void judge_replies(const struct authority *authority, enum live_kind kind,
                          const char *record, struct live_answer *ret_answer)
{
	static const enum live_state states[] = { [AUTHORITY_ANSWERED] = LIVE_SEEN,
		                                  [AUTHORITY_MISSING] = LIVE_MISSING,
		                                  [AUTHORITY_DIFFERENT] = LIVE_DIFFERENT,
		                                  [AUTHORITY_UNKNOWN] = LIVE_UNKNOWN };
	char name[DNS_NAME_TEXT_SIZE];
	*ret_answer = (struct live_answer){ .state = LIVE_SEEN };
	if (authority->state != AUTHORITY_ANSWERED)
		say(ret_answer, states[authority->state], "%s", authority->why);
	if (authority->state == AUTHORITY_DIFFERENT)
		ret_answer->fault = "cname";
	for (size_t i = 0; i < authority->count; i++) {
		const struct authority_reply *reply = &authority->reply[i];
		struct live_answer one;
		livecheck_judge(kind, &reply->answer, reply->server.text, record, &one);
		if (weight(one.state) > weight(ret_answer->state))
			*ret_answer = one;
		ret_answer->is_testing |= one.is_testing;
	}
	if (!authority->links || ret_answer->state == LIVE_SEEN)
		return;
	struct live_answer plain = *ret_answer;
	dns_name_to_text(&authority->asked, name);
	say(ret_answer, plain.state,
	    _("%s (queried %s, the target of the CNAME "
	      "record)"),
	    plain.detail, name);
}

void livecheck_ask(const struct authority_way *way, enum live_kind kind,
                   const char *owner, const char *record, struct deadline until,
                   struct live_answer *ret_answer)
{
	struct authority authority;
	auto_arena mem = { 0 };
	if (!arena_open(&mem, CHECK_MEMORY)) {
		*ret_answer = (struct live_answer){ .state = LIVE_UNKNOWN };
		say(ret_answer, LIVE_UNKNOWN, _("not enough memory"));
		return;
	}
	authority_ask(way, owner, live_type(kind), until, &mem, &authority);
	judge_replies(&authority, kind, record, ret_answer);
}

void livecheck(enum live_kind kind, const struct query_servers *servers,
               const char *owner, const char *record, struct deadline until,
               struct live_answer *ret_answer)
{
	static const struct query_options options = { .width = 2 }; /* FILES_EACH */
	auto_resolver *dns = query_new(servers, &options);
	const struct authority_way way = { .via = dns, .open = authority_open };
	if (dns) {
		livecheck_ask(&way, kind, owner, record, until, ret_answer);
		return;
	}
	*ret_answer = (struct live_answer){ .state = LIVE_UNKNOWN };
	say(ret_answer, LIVE_UNKNOWN, _("not enough memory"));
}

/* ---- many ------------------------------------------------------------------------------------ */

struct many {
	const struct query_servers *servers;
	struct live_question *question;
	int64_t each_ms;
	struct deadline until;
};

static void ask_one(void *arg, void *own, size_t i)
{
	const struct many *many = arg;
	(void)own;
	struct live_question *question = &many->question[i];
	livecheck(question->kind, many->servers, question->owner, question->record,
	          deadline_in_ms(many->each_ms), &question->answer);
	question->is_asked = true;
}

static bool may_begin(void *arg)
{
	const struct many *many = arg;
	return deadline_left_ms(many->until) > 0 && !signals_is_cancelled();
}

/* As many as there are files for: silent servers must not use up those of the others.  The limit is
 * raised for the time where that is allowed. */
static unsigned width_within(const struct rlimit *before, struct rlimit *ret_during)
{
	*ret_during = *before;
	if (before->rlim_cur < FILES_MAX)
		ret_during->rlim_cur =
			before->rlim_max < FILES_MAX ? before->rlim_max : FILES_MAX;
	if (setrlimit(RLIMIT_NOFILE, ret_during) < 0)
		*ret_during = *before;
	if (ret_during->rlim_cur >= FILES_MAX)
		return WIDTH;
	rlim_t files = ret_during->rlim_cur;
	return files < FILES_OTHER + FILES_EACH
	               ? 1
	               : (unsigned)((files - FILES_OTHER) / FILES_EACH);
}

void livecheck_many(const struct query_servers *servers, struct live_question *question,
                    size_t count, int64_t each_ms, struct deadline until)
{
	struct many many = { servers, question, each_ms, until };
	const struct fan_work work = { .work = ask_one,
		                       .may_begin = may_begin,
		                       .arg = &many };
	for (size_t i = 0; i < count; i++) {
		question[i].is_asked = false;
		question[i].answer = (struct live_answer){ .state = LIVE_UNKNOWN };
		say(&question[i].answer, LIVE_UNKNOWN,
		    _("there was no time to query it"));
	}
	struct rlimit before = { 0 }, during;
	if (getrlimit(RLIMIT_NOFILE, &before) < 0) {
		fan_out(count, 1, &work);
		return;
	}
	fan_out(count, width_within(&before, &during), &work);
	if (setrlimit(RLIMIT_NOFILE, &before) < 0) {
		/* more files than before may be open: nothing depends on it */
	}
}
