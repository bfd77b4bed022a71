/*
 * Our records compared with DNS.
 *
 * All are queried at once through the resolver; a wrong answer may be an old cached one, so the
 * record is queried again at every authoritative server before it is reported.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/arena.h"
#include "core/base/text.h"
#include "core/model/export/export.h"
#include "core/model/key/key.h"
#include "core/model/record/records.h"
#include "core/model/setting/env.h"
#include "core/model/setting/setting.h"
#include "core/mta/doctor/doctor_dns.h"
#include "core/mta/doctor/doctor_sample.h"
#include "dnszone/dkim/livecheck.h"
#include "dnszone/lint/lint_spf.h"
#include "dnszone/name/dns_name.h"

#define BATCH 64
#define BATCH_MEMORY ((size_t)1 << 20)
#define ALL_MS INT64_C(600000)
#define EACH_MS 20      /* more time for each domain with --all */
#define CONFIRM_MS 5000 /* for all name servers of one zone */

struct want {
	char *domain, *owner, *record;
	char *id; /* of the record, "t1"; NULL: it has none */
	enum live_kind kind;
	size_t shown;     /* records of its kind that were found at the owner */
	bool is_idle;     /* a key that does not sign (yet, or any more) */
	bool is_had;      /* the zone's own record, because of which ours is left out */
	bool is_alias;    /* and a CNAME, whatever its target */
	bool is_external; /* the zone is served elsewhere */
	struct live_answer answer;
};

struct world {
	struct doctor *d;
	struct query_servers servers;
	struct deadline until;
	struct records *records;
	enum zone_format format;
	char *reload; /* zone.reload */
	struct want *want;
	size_t count, room;
	bool is_external; /* of the present domain */
	const struct domain *domain;
	size_t domains;
};

/* ---- what must be seen ----------------------------------------------------------------------- */

static struct want *add_want(struct world *w, enum live_kind kind, char *owner,
                             char *record)
{
	GROW(w->want, w->count, w->room);
	struct want *want = &w->want[w->count++];
	*want = (struct want){ .domain = xstrdup(w->domain->name),
		               .owner = owner,
		               .record = record,
		               .kind = kind,
		               .is_external = w->is_external };
	return want;
}

static int want_keys(struct world *w, struct err *err)
{
	const struct domain *domain = w->domain;
	auto_stmt keys = NULL;
	struct key key;
	int r = key_query(w->d->store, domain->main_id ? domain->main_id : domain->id,
	                  &keys, err);
	while (r >= 0 && (r = key_next(keys, &key, err)) > 0) {
		bool is_active = strcmp(key.state, "active") == 0;
		if (is_active || strcmp(key.state, "pending") == 0 ||
		    strcmp(key.state, "retiring") == 0)
			add_want(
				w, LIVE_DKIM,
				xasprintf("%s._domainkey.%s", key.selector, domain->name),
				key_record_text(&key))
				->is_idle = !is_active;
	}
	return r;
}

/* A record of the zone itself because of which ours is left out: whether it still exists. */
static void want_had(struct world *w, const struct record_row *row)
{
	struct want *want =
		add_want(w, LIVE_POLICY, xstrdup(row->owner), xstrdup(row->rdata));
	want->id = xstrdup(row->id);
	want->is_had = true;
	want->is_alias = strcmp(row->type, "CNAME") == 0;
}

static int want_serial(struct world *w, struct err *err)
{
	int64_t serial = 0;
	int r = store_get_int(w->d->store, &serial, err,
	                      "SELECT serial FROM zone_serial WHERE name = ?", "t",
	                      w->domain->name);
	if (r > 0)
		add_want(w, LIVE_SERIAL, xstrdup(w->domain->name),
		         xasprintf("%" PRId64, serial));
	return r < 0 ? r : 0;
}

static int want_domain(void *arg, const struct domain *domain, struct err *err)
{
	struct world *w = arg;
	auto_record_list list = RECORD_LIST_INIT;
	const char *service;
	int r = records_service_of(w->records, domain, &service, err);
	if (r < 0 || strcmp(service, "off") == 0)
		return r;
	w->is_external = strcmp(service, "external") == 0;
	w->domain = domain;
	w->domains++;
	r = records_of_domain(w->records, domain, &list, err);
	for (size_t i = 0; r >= 0 && i < list.count; i++)
		if (list.row[i].kind != POLICY_OTHER)
			add_want(w, LIVE_POLICY, xstrdup(list.row[i].owner),
			         xstrdup(list.row[i].rdata))
				->id = xstrdup(list.row[i].id);
	for (size_t i = 0; r >= 0 && i < list.had_count; i++)
		want_had(w, &list.had[i]);
	if (r >= 0)
		r = want_keys(w, err);
	if (r >= 0 && !w->is_external && w->format == ZONE_FULL)
		r = want_serial(w, err);
	return r < 0 ? r : 0;
}

/* ---- what is seen ---------------------------------------------------------------------------- */

struct batch {
	struct world *w;
	size_t first;
};

/* Policies of the same kind, or keys; for a record of the zone itself (a CNAME too) everything. */
static size_t count_shown(const struct want *want, const struct dns_answer *answer)
{
	size_t tag = strcspn(want->record, " ;"), count = 0;
	if (want->kind != LIVE_POLICY || want->is_had)
		return answer->kind == DNS_OK ? answer->count : 0;
	for (size_t i = 0; answer->kind == DNS_OK && i < answer->count; i++) {
		const struct dns_rdata *rdata = &answer->rdata[i];
		count += rdata->len >= tag &&
		         strncasecmp((const char *)rdata->octets, want->record, tag) == 0;
	}
	return count;
}

static void judge(void *arg, size_t i, const struct dns_answer *answer)
{
	const struct batch *batch = arg;
	struct want *want = &batch->w->want[batch->first + i];
	livecheck_judge(want->kind, answer, _("DNS"), want->record, &want->answer);
	want->shown = count_shown(want, answer);
	if (want->is_had && want->answer.state != LIVE_UNKNOWN)
		want->answer.state =
			want->shown || want->is_alias ? LIVE_SEEN : LIVE_MISSING;
}

static void ask_batch(struct world *w, struct resolver *dns, size_t first, size_t count)
{
	struct dns_name names[BATCH];
	enum dns_type types[BATCH];
	struct batch batch = { w, first };
	struct arena mem = { 0 };
	for (size_t i = 0; i < count; i++) {
		const struct want *want = &w->want[first + i];
		types[i] = live_type(want->kind);
		if (!dns_name_from_text(want->owner, strlen(want->owner), &names[i]))
			names[i] = (struct dns_name){ .len = 1 };
	}
	if (arena_open(&mem, BATCH_MEMORY))
		resolver_ask_many(dns, count, names, types, w->until, &mem, judge,
		                  &batch);
	arena_done(&mem);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool is_doubtful(const struct want *want)
{
	return !want->is_had && (want->answer.state == LIVE_MISSING ||
	                         want->answer.state == LIVE_DIFFERENT);
}

/* Resolvers may have cached old answers: the authoritative servers decide. */
static void confirm(struct world *w)
{
	auto_free struct live_question *question =
		xcalloc(w->count + 1, sizeof(*question));
	auto_free size_t *of = xcalloc(w->count + 1, sizeof(*of));
	size_t count = 0;
	for (size_t i = 0; i < w->count; i++) {
		const struct want *want = &w->want[i];
		if (!is_doubtful(want))
			continue;
		of[count] = i;
		question[count++] = (struct live_question){ .kind = want->kind,
			                                    .owner = want->owner,
			                                    .record = want->record };
	}
	livecheck_many(&w->servers, question, count, CONFIRM_MS, w->until);
	for (size_t i = 0; i < count; i++)
		if (question[i].answer.state != LIVE_UNKNOWN)
			w->want[of[i]].answer = question[i].answer;
}

/* ---- what is told ---------------------------------------------------------------------------- */

/* The command that publishes the record. */
static char *remedy_of(const struct world *w, const struct want *want)
{
	if (want->is_external)
		return xasprintf("mailauthctl record list %s", want->domain);
	const char *place = strstr(w->reload, "<domain>");
	if (!*w->reload)
		return xasprintf(
			_("mailauthctl zone export %s; then reload the name server"),
			want->domain);
	if (!place)
		return xasprintf("mailauthctl zone export %s; %s", want->domain,
		                 w->reload);
	return xasprintf("mailauthctl zone export %s; %.*s%s%s", want->domain,
	                 (int)(place - w->reload), w->reload, want->domain,
	                 place + strlen("<domain>"));
}

/* Ours, and another one: ours can be removed from here. */
static void tell_doubled(struct world *w, const struct want *want)
{
	auto_free char *remedy =
		want->id && !want->is_external
			? xasprintf("mailauthctl record remove %s %s; mailauthctl zone "
	                            "export %s",
	                            want->domain, want->id, want->domain)
			: xasprintf(_("remove the records at %s that are not in "
	                              "\"mailauthctl record list %s\" from the zone"),
	                            want->owner, want->domain);
	doctor_add(
		w->d, DOCTOR_PROBLEM, want->owner, remedy,
		want->kind == LIVE_DKIM
			? _("%s has %zu records in DNS, and verifiers may use any of them")
			: _("%s has %zu policies in DNS, and receivers ignore them "
	                    "all: the zone has its own besides ours"),
		want->owner, want->shown);
}

static void tell_had(struct world *w, const struct want *want)
{
	auto_free char *remedy = xasprintf("mailauthctl record reset %s %s; mailauthctl "
	                                   "zone export %s",
	                                   want->domain, want->id, want->domain);
	if (want->answer.state == LIVE_MISSING)
		doctor_add(w->d, DOCTOR_WARNING, want->owner, remedy,
		           _("%s no longer has a record in DNS: ours is left out "
		             "because the zone had its own"),
		           want->owner);
	else
		doctor_add(w->d, DOCTOR_NOTE, want->owner, NULL,
		           _("%s has a record of the zone itself, and ours is left "
		             "out"),
		           want->owner);
}

static void tell(struct world *w, const struct want *want)
{
	struct doctor *d = w->d;
	auto_free char *remedy = remedy_of(w, want);
	bool is_minor = want->kind == LIVE_SERIAL || want->is_idle;
	enum doctor_state state = is_minor ? DOCTOR_WARNING : DOCTOR_PROBLEM;
	if (want->is_idle && want->answer.state == LIVE_MISSING)
		doctor_add(d, DOCTOR_NOTE, want->owner, remedy,
		           _("%s is not in DNS yet: its key is waiting or is being "
		             "removed (%s)"),
		           want->owner, want->answer.detail);
	else if (want->answer.state == LIVE_MISSING)
		doctor_add(d, state, want->owner, remedy, _("%s is not in DNS: %s"),
		           want->owner, want->answer.detail);
	else
		doctor_add(d, state, want->owner, remedy,
		           want->kind == LIVE_SERIAL
		                   ? _("the zone %s in DNS differs from the one here: "
		                       "%s")
		                   : _("the record of %s in DNS differs from the one "
		                       "here: %s"),
		           want->owner, want->answer.detail);
}

/* The policy of a name that SPF checks for all mail: its look-ups count. */
static void lint(struct world *w, struct resolver *dns, const struct want *want)
{
	auto_lint_list list = LINT_LIST_INIT;
	auto_free char *remedy = xasprintf("mailauthctl spf lint %s", want->domain);
	lint_spf_domain(want->owner, dns, w->until, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct lint_finding *f = &list.finding[i];
		if (f->code->severity == LINT_NOTE)
			continue;
		doctor_add(w->d,
		           f->code->severity == LINT_ERROR ? DOCTOR_PROBLEM
		                                           : DOCTOR_WARNING,
		           want->owner, remedy, _("SPF of %s: %s%s%s (%s)"), want->owner,
		           _(f->code->message), f->detail ? ": " : "",
		           f->detail ? f->detail : "", f->code->code);
	}
}

static bool is_spf(const struct want *want)
{
	return want->kind == LIVE_POLICY && text_starts(want->record, "v=spf1");
}

static void look_at_answers(struct world *w, struct resolver *dns)
{
	size_t silent = 0, late = 0;
	const struct want *first = NULL;
	confirm(w);
	for (size_t i = 0; i < w->count; i++) {
		const struct want *want = &w->want[i];
		if (want->answer.state == LIVE_UNKNOWN) {
			first = first ? first : want;
			silent++;
			continue;
		}
		if (want->is_had)
			tell_had(w, want);
		else if (want->answer.state == LIVE_DIFFERENT && want->shown > 1)
			tell_doubled(w, want);
		else if (want->answer.state != LIVE_SEEN)
			tell(w, want);
		else if (is_spf(want) && deadline_left_ms(w->until) > 0)
			lint(w, dns, want);
		else if (is_spf(want))
			late++;
	}
	if (silent)
		doctor_add(w->d, DOCTOR_WARNING, first->owner,
		           "mailauthctl doctor resolver",
		           _("records that could not be queried: %zu of %zu (%s: %s)"),
		           silent, w->count, first->owner, first->answer.detail);
	if (late)
		doctor_add(w->d, DOCTOR_SKIPPED, NULL, NULL,
		           _("the time limit was reached: %zu SPF records were not "
		             "followed"),
		           late);
}

/* ---- the check ------------------------------------------------------------------------------- */

static int collect(struct world *w, size_t *ret_left, struct err *err)
{
	struct doctor *d = w->d;
	auto_env env = { 0 };
	auto_records records = NULL;
	int r = doctor_open_records(d, &env, &records, &w->format, err);
	if (r >= 0)
		r = setting_text(d->store, SET_ZONE_RELOAD, 0, &w->reload, err);
	w->records = records;
	return r < 0 ? r : doctor_sample(d, want_domain, w, ret_left, err);
}

/* A key that waits for its record is told as a note, and is not one of them. */
static size_t count_same(const struct world *w)
{
	size_t count = 0;
	for (size_t i = 0; i < w->count; i++)
		count += w->want[i].answer.state == LIVE_SEEN && !w->want[i].is_had;
	return count;
}

static void ask(struct world *w, size_t left)
{
	struct doctor *d = w->d;
	int64_t more = d->is_all ? least(EACH_MS * (int64_t)w->domains, ALL_MS) : 0;
	w->until = deadline_in_ms(DOCTOR_DNS_MS + more);
	auto_resolver *dns = doctor_open_dns(d, &w->servers);
	for (size_t i = 0; dns && i < w->count; i += BATCH)
		ask_batch(w, dns, i, w->count - i < BATCH ? w->count - i : BATCH);
	if (dns)
		look_at_answers(w, dns);
	if (left)
		doctor_add(d, DOCTOR_NOTE, NULL, "mailauthctl doctor --all dns",
		           _("only the %d domains that were changed last were queried; "
		             "left out: %zu"),
		           DOCTOR_DOMAINS, left);
	if (!doctor_has_trouble(d))
		doctor_add(
			d, DOCTOR_OK, NULL, NULL,
			_("records that are the same in DNS as here: %zu (domains: %zu)"),
			count_same(w), w->domains);
}

static void world_done(struct world *w)
{
	for (size_t i = 0; i < w->count; i++) {
		free(w->want[i].domain);
		free(w->want[i].owner);
		free(w->want[i].record);
		free(w->want[i].id);
	}
	free(w->want);
	free(w->reload);
}

void doctor_dns(struct doctor *d)
{
	cleanup(world_done) struct world w = { .d = d };
	struct err err = ERR_INIT;
	size_t left = 0;
	if (!d->store) {
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("there is no database to read"));
		return;
	}
	int r = collect(&w, &left, &err);
	if (r >= 0)
		r = doctor_servers(d, &w.servers, &err);
	if (r < 0)
		doctor_add_failure(d, NULL, &err);
	else
		ask(&w, left);
}
