/*
 * Asks authoritative servers directly.  The zone is found by asking for NS records from the owner
 * upwards (RFC 2181 6.1: the cut nearest to the name); then each address of each server is asked
 * for the record, without a cache in between; judging is the same for an answer that came another way.
 */
#include "dnszone/livecheck.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/arena.h"
#include "dnszone/dns_name.h"
#include "dnszone/tags.h"

enum {
	SERVERS_MAX = 8, /* addresses that are asked */
	CHECK_MEMORY = 1 << 18,
};

struct authority {
	struct query_server at[SERVERS_MAX];
	size_t count;
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

/* ---- who is authoritative -------------------------------------------------------------------- */

static void add_address(struct authority *authority, const struct dns_rdata *rdata)
{
	char text[64];
	struct query_servers parsed;
	struct err ignored = ERR_INIT;
	if (authority->count == SERVERS_MAX)
		return;
	if (!inet_ntop(rdata->len == 4 ? AF_INET : AF_INET6, rdata->octets, text,
	               sizeof(text)))
		return;
	if (query_servers_parse(text, &parsed, &ignored) == 0)
		authority->at[authority->count++] = parsed.at[0];
}

static void add_server(struct resolver *dns, const struct dns_rdata *ns,
                       struct deadline until, struct arena *mem,
                       struct authority *authority)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	struct dns_name name = { .len = (uint8_t)ns->len };
	if (ns->len > sizeof(name.wire))
		return;
	memcpy(name.wire, ns->octets, ns->len);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct dns_answer answer;
		resolver_ask(dns, &name, types[i], until, mem, &answer);
		for (size_t j = 0; answer.kind == DNS_OK && j < answer.count; j++)
			add_address(authority, &answer.rdata[j]);
	}
}

/* Walks up from the owner to the first name that has NS records. */
static bool find_authority(struct resolver *dns, const char *owner, struct deadline until,
                           struct arena *mem, struct authority *authority,
                           struct live_answer *ret_answer)
{
	for (const char *at = owner; at;
	     at = strchr(at, '.') ? strchr(at, '.') + 1 : NULL) {
		struct dns_name name;
		struct dns_answer answer;
		if (!dns_name_from_text(at, strlen(at), &name))
			break;
		resolver_ask(dns, &name, DNS_NS, until, mem, &answer);
		if (answer.kind == DNS_TEMPFAIL) {
			say(ret_answer, LIVE_UNKNOWN, _("name servers of %s: %s"), at,
			    answer.why);
			return false;
		}
		if (answer.kind != DNS_OK || !answer.count)
			continue;
		for (size_t i = 0; i < answer.count; i++)
			add_server(dns, &answer.rdata[i], until, mem, authority);
		if (authority->count)
			return true;
		say(ret_answer, LIVE_UNKNOWN, _("the name servers of %s have no address"),
		    at);
		return false;
	}
	say(ret_answer, LIVE_UNKNOWN, _("nobody is authoritative for %s"), owner);
	return false;
}

/* ---- what they show -------------------------------------------------------------------------- */

/* RFC 6376 3.6.1: k= defaults to rsa; white space inside p= means nothing. */
static bool is_same_key(const char *a, const char *b)
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

static bool is_same_record(const char *shown, const char *wanted)
{
	struct tags a = { 0 }, b = { 0 };
	struct err ignored = ERR_INIT;
	bool is_same = false;
	if (tags_parse(shown, &a, &ignored) == 0 &&
	    tags_parse(wanted, &b, &ignored) == 0) {
		const char *ka = tags_get(&a, "k"), *kb = tags_get(&b, "k");
		const char *pa = tags_get(&a, "p"), *pb = tags_get(&b, "p");
		is_same = pa && pb && is_same_key(pa, pb) &&
		          strcmp(ka ? ka : "rsa", kb ? kb : "rsa") == 0;
	}
	tags_done(&a);
	tags_done(&b);
	return is_same;
}

static void judge_key(const struct dns_answer *answer, const char *server,
                      const char *record, struct live_answer *ret_answer)
{
	/* RFC 6376 3.6.2.2: several records at one selector are undefined */
	auto_free char *shown = xmemdup(answer->rdata[0].octets, answer->rdata[0].len);
	if (answer->count > 1)
		say(ret_answer, LIVE_DIFFERENT, _("%s shows %zu records"), server,
		    answer->count);
	else if (!is_same_record(shown, record))
		say(ret_answer, LIVE_DIFFERENT, _("%s shows another key"), server);
}

/* RFC 7208 4.5, RFC 9989: other TXT records at the name mean nothing, two policies count as none. */
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
		is_same = is_same_key(shown, record);
	}
	if (!found)
		say(ret_answer, LIVE_MISSING, _("%s does not have it"), server);
	else if (found > 1)
		say(ret_answer, LIVE_DIFFERENT, _("%s shows %zu such policies"), server,
		    found);
	else if (!is_same)
		say(ret_answer, LIVE_DIFFERENT, _("%s shows another text"), server);
}

/* The serial is the first of five numbers behind the two names (RFC 1035 3.3.13). */
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

void livecheck(enum live_kind kind, const struct query_servers *servers,
               const char *owner, const char *record, struct deadline until,
               struct live_answer *ret_answer)
{
	struct authority authority = { .count = 0 };
	struct arena mem = { 0 };
	struct dns_name name;
	auto_resolver *dns = query_new(servers, NULL);
	*ret_answer = (struct live_answer){ .state = LIVE_SEEN };
	if (!dns || !arena_open(&mem, CHECK_MEMORY) ||
	    !dns_name_from_text(owner, strlen(owner), &name)) {
		say(ret_answer, LIVE_UNKNOWN, _("not enough memory"));
	} else if (find_authority(dns, owner, until, &mem, &authority, ret_answer)) {
		for (size_t i = 0; i < authority.count && ret_answer->state == LIVE_SEEN;
		     i++) {
			struct query_servers one = { .at = { authority.at[i] },
				                     .count = 1 };
			auto_resolver *direct = query_new(&one, NULL);
			struct dns_answer answer =
				dns_answer_empty(DNS_TEMPFAIL, "no memory");
			if (direct)
				resolver_ask(direct, &name, live_type(kind), until, &mem,
				             &answer);
			livecheck_judge(kind, &answer, authority.at[i].text, record,
			                ret_answer);
		}
	}
	arena_done(&mem);
}

void livecheck_dkim(const struct query_servers *servers, const char *owner,
                    const char *record, struct deadline until,
                    struct live_answer *ret_answer)
{
	livecheck(LIVE_DKIM, servers, owner, record, until, ret_answer);
}
