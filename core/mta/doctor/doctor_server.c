/*
 * The mail server, the services that it uses, and an administrator's lines that disable ours.
 *
 * A push judges most of this: its plan, its probes and the edits that it found are read from it.
 */
#include "core/mta/doctor/doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/setting/setting.h"
#include "core/mta/doctor/doctor_dns.h"
#include "core/mta/host/service.h"
#include "core/mta/host/service_kind.h"
#include "core/mta/plan/step.h"
#include "core/mta/probe/policy_probe.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/push/absence.h"
#include "core/mta/push/backend_choose.h"

#define PROBE_NS (3 * NS_PER_SEC)   /* for one query */
#define CHECK_NS (6 * NS_PER_SEC)   /* for an SPF check */
#define PROBES_NS (20 * NS_PER_SEC) /* for all */

/* ---- versions -------------------------------------------------------------------------------- */

static int compare_versions(const int a[3], const int b[3])
{
	for (size_t i = 0; i < 3; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

const char *doctor_version_fault(const struct mta_backend *backend, const char *version)
{
	int now[3] = { 0 };
	if (!version || sscanf(version, "%d.%d.%d", &now[0], &now[1], &now[2]) < 2)
		return NULL;
	for (const struct mta_fault *fault = backend->faults; fault && fault->sentence;
	     fault++)
		if (compare_versions(now, fault->from) >= 0 &&
		    compare_versions(now, fault->mended) < 0)
			return fault->sentence;
	return NULL;
}

/* ---- server ---------------------------------------------------------------------------------- */

static bool is_drifted(const struct doctor_host *host, const struct step *step)
{
	auto_buf room = BUF_INIT;
	const char *title = step_title(step, &room);
	for (size_t i = 0; i < host->drifts.count; i++)
		if (strcmp(host->drifts.row[i].path, title) == 0)
			return true;
	return false;
}

/* What a push would change, without objects that were edited, which are reported as such. */
struct pending {
	size_t files, settings;
};

static struct pending count_pending(const struct doctor_host *host)
{
	struct pending pending = { 0 };
	for (size_t i = 0; i < host->plan.count; i++) {
		const struct step *step = &host->plan.step[i];
		const struct step_type *type = step_types[step->kind];
		if (type->phase == PHASE_SWITCH && !is_drifted(host, step))
			++*(type->is_in_tree ? &pending.files : &pending.settings);
	}
	return pending;
}

static void add_pending(struct doctor *d, struct pending pending)
{
	const char *failure = d->host.state.last_failure;
	const char *failed = failure ? _("; the last push failed: ") : "";
	const char *why = failure ? _(failure) : "";
	if (pending.files)
		doctor_add(d, DOCTOR_WARNING, NULL, "mailauthctl mta push",
		           ngettext("%zu file is pending%s%s",
		                    "%zu files are pending%s%s", pending.files),
		           pending.files, failed, why);
	if (pending.settings)
		doctor_add(d, DOCTOR_WARNING, NULL, "mailauthctl mta push",
		           ngettext("%zu setting is pending%s%s",
		                    "%zu settings are pending%s%s", pending.settings),
		           pending.settings, failed, why);
}

/* Why a push would be refused; edited files are reported where they were found. */
static void add_refusal(struct doctor *d, const struct err *why)
{
	if (!d->host.drifts.count || strcmp(why->remedy, PUSH_FORCE) != 0)
		doctor_add_err(d, DOCTOR_PROBLEM, NULL, why, "mailauthctl mta plan");
}

static void look_at_state(struct doctor *d)
{
	const struct doctor_host *host = &d->host;
	const struct target_state *state = &host->state;
	if (!host->is_adopted || !state->is_adopted)
		doctor_add(d, DOCTOR_WARNING, NULL, "mailauthctl mta adopt",
		           _("%s was not adopted: pushes do not change it"),
		           _(host->backend->title));
	else if (!state->is_ours)
		doctor_add(d, DOCTOR_PROBLEM, NULL, "mailauthctl mta push --take-over",
		           _("this host follows another database than %s"), d->db_path);
	else if (state->is_paused)
		doctor_add(d, DOCTOR_WARNING, NULL, "mailauthctl mta push",
		           _("pushes are held after a rollback: changes are saved, but "
		             "not enforced"));
	else if (host->failure.code)
		add_refusal(d, &host->failure);
	else
		add_pending(d, count_pending(host));
}

static void add_shortfall(void *arg, enum mta_feature feature, const char *sentence)
{
	struct doctor *d = arg;
	struct setting_value value = { 0 };
	struct err ignored = ERR_INIT;
	enum setting_key key;
	const char *setting = feature_table[feature].setting;
	auto_free char *remedy = xasprintf(
		_("install what provides it, or run: mailauthctl server set %s off"),
		setting);
	if (setting_find(setting, &key, &ignored) < 0 ||
	    setting_get(d->store, key, 0, &value, &ignored) < 0)
		return;
	bool is_default = value.source == SETTING_FROM_DEFAULT;
	doctor_add(d, is_default ? DOCTOR_NOTE : DOCTOR_WARNING, setting,
	           is_default ? NULL : remedy, "%s: %s", _(feature_table[feature].name),
	           sentence);
	setting_value_done(&value);
}

/* Whether there is a server that can be told and probed: files in a folder have none. */
static bool has_server(const struct doctor_host *host)
{
	return host->backend && host->backend->service;
}

static void add_unreadable(struct doctor *d)
{
	const struct mta_backend *backend = d->host.backend;
	auto_free char *remedy =
		backend->check_command
			? xasprintf(_("correct it; run \"%s\" to check it"),
	                            backend->check_command)
			: NULL;
	doctor_add(d, DOCTOR_PROBLEM, backend->name, remedy, "%s", d->host.found.why_not);
}

static void look_at_server(struct doctor *d)
{
	const struct doctor_host *host = &d->host;
	const struct mta_backend *backend = host->backend;
	const char *fault = doctor_version_fault(backend, host->found.version);
	auto_free char *start = service_start_hint(d->ctx, backend->service);
	bool is_stopped = !d->ctx->is_rooted && !host->found.is_running;
	if (is_stopped)
		doctor_add(d, host->state.is_adopted ? DOCTOR_PROBLEM : DOCTOR_WARNING,
		           backend->name, start, "%s",
		           host->found.why_not ? host->found.why_not
		                               : _("the mail server is not running"));
	else if (host->found.is_running && host->found.why_not)
		add_unreadable(d);
	if (fault)
		doctor_add(d, DOCTOR_WARNING, backend->name,
		           _("install an update of the mail server"), "%s (%s)", _(fault),
		           host->found.version);
	look_at_state(d);
}

void doctor_server(struct doctor *d)
{
	const struct doctor_host *host = &d->host;
	struct err err = ERR_INIT;
	if (!doctor_read_host(d))
		return;
	if (!host->backend) {
		cleanup(absence_done) struct absence absence;
		absence_look(d->ctx, d->store, &absence);
		doctor_add(d, d->store ? DOCTOR_WARNING : DOCTOR_NOTE, NULL,
		           absence.remedy, "%s", absence.sentence);
		return;
	}
	if (!has_server(host))
		look_at_state(d);
	else
		look_at_server(d);
	if (backend_shortfalls(d->ctx, d->store, add_shortfall, d, &err) < 0)
		doctor_add_err(d, DOCTOR_PROBLEM, NULL, &err, NULL);
	if (doctor_has_trouble(d))
		return;
	auto_free char *version =
		host->found.version ? xasprintf(" %s", host->found.version) : xstrdup("");
	doctor_add(d, DOCTOR_OK, host->backend->name, NULL, _("%s%s follows %s"),
	           _(host->backend->title), version, d->db_path);
}

/* ---- services -------------------------------------------------------------------------------- */

static const char *service_of(const struct doctor *d, const struct step *probe)
{
	return probe->service ? probe->service->name : d->host.backend->service;
}

static void add_silent(struct doctor *d, const struct step *probe, const struct err *err)
{
	const char *service = service_of(d, probe);
	auto_free char *remedy =
		systemd_is_there(d->ctx)
			? xasprintf("systemctl restart %s", service)
			: xasprintf(_("restart %s; its log gives the reason"), service);
	doctor_add_err(d, DOCTOR_PROBLEM, service, err, remedy);
}

/* The same question at the same endpoint. */
static bool is_asked_before(const struct plan *probes, size_t at)
{
	const struct step *b = &probes->step[at];
	for (size_t i = 0; i < at; i++) {
		const struct step *a = &probes->step[i];
		if (a->probe == b->probe && strcmp(a->object, b->object) == 0 &&
		    question_is_same(&a->probe->question, a->question, b->question))
			return true;
	}
	return false;
}

/* A whole check of a domain of ours, with the service's own name servers, rights and network
 * access: policy_probe uses mail from this machine, for which nothing is looked up. */
static void check_sender(struct doctor *d, const struct step *probe)
{
	auto_buf answer = BUF_INIT;
	auto_free char *domain = doctor_known_name(d);
	struct err err = ERR_INIT;
	if (policy_ask(d->ctx, probe->object, domain, monotonic_ns() + CHECK_NS, &answer,
	               &err) < 0) {
		doctor_add_err(d, DOCTOR_PROBLEM, "mailauth-policyd", &err,
		               "mailauthctl doctor resolver");
		return;
	}
	const char *problem = strstr(buf_text(&answer), "problem=");
	if (strstr(buf_text(&answer), "temperror"))
		doctor_add(d, DOCTOR_PROBLEM, "mailauth-policyd",
		           "mailauthctl doctor resolver",
		           _("the SPF check of mail from %s ends in temperror: %.300s"),
		           domain, problem ? problem : buf_text(&answer));
}

static void ask_all(struct doctor *d)
{
	const struct plan *probes = &d->host.probes;
	int64_t end = monotonic_ns() + PROBES_NS;
	size_t asked = 0;
	for (size_t i = 0; i < probes->count; i++) {
		struct err err = ERR_INIT;
		int64_t limit = monotonic_ns() + PROBE_NS;
		if (is_asked_before(probes, i))
			continue;
		if (monotonic_ns() >= end) {
			doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
			           ngettext("the time limit was reached: %zu probe was "
			                    "not made",
			                    "the time limit was reached: %zu probes "
			                    "were not made",
			                    probes->count - i),
			           probes->count - i);
			return;
		}
		if (step_probe_once(d->ctx, &probes->step[i], limit < end ? limit : end,
		                    &err) < 0)
			add_silent(d, &probes->step[i], &err);
		else if (probes->step[i].probe == &policy_probe)
			check_sender(d, &probes->step[i]);
		asked++;
	}
	if (!doctor_has_trouble(d) && asked)
		doctor_add(d, DOCTOR_OK, NULL, NULL,
		           ngettext("%zu probe of servers and filters succeeded",
		                    "%zu probes of servers and filters succeeded", asked),
		           asked);
}

/* Whether all services that the settings require run. */
static bool look_at_needs(struct doctor *d)
{
	const struct plan *plan = &d->host.plan;
	bool is_complete = true;
	for (size_t i = 0; i < plan->needs; i++) {
		const struct plan_need *need = &plan->need[i];
		auto_free char *enable = xasprintf("systemctl enable %s", need->service);
		if (!need->is_running) {
			is_complete = false;
			doctor_add(d, DOCTOR_PROBLEM, need->service,
			           "mailauthctl mta push",
			           need->is_relied_on
			                   ? _("%s is required but not running: mail "
			                       "may be delayed")
			                   : _("%s is not running, and not in use yet"),
			           need->service);
		} else if (!(service_look(d->ctx, need->service) & SERVICE_WAS_ENABLED)) {
			doctor_add(d, DOCTOR_WARNING, need->service, enable,
			           _("%s is running, but does not start at boot"),
			           need->service);
		}
	}
	return is_complete;
}

void doctor_services(struct doctor *d)
{
	const struct doctor_host *host = &d->host;
	struct pending pending = { 0 };
	if (!doctor_read_host(d))
		return;
	pending = count_pending(host);
	if (!host->has_plan || !host->state.is_ours || !has_server(host)) {
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("no mail server follows this database correctly"));
		return;
	}
	if (!look_at_needs(d))
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("servers are probed when all required services are "
		             "running"));
	else if (!host->found.is_running)
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("servers are probed when the mail server is running"));
	else if (host->state.is_paused || pending.files || pending.settings)
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("servers are probed when all changes are pushed"));
	else
		ask_all(d);
}

/* ---- overrides ------------------------------------------------------------------------------- */

static void add_advice(void *arg, const struct mta_advice *advice)
{
	static const enum doctor_state states[] = { [ADVICE_NOTE] = DOCTOR_NOTE,
		                                    [ADVICE_WARNING] = DOCTOR_WARNING,
		                                    [ADVICE_PROBLEM] = DOCTOR_PROBLEM };
	doctor_add(arg, states[advice->weight], advice->subject, advice->remedy, "%s",
	           advice->text);
}

/* Every note of the plan that was not reported yet; its text contains its remedy. */
static void add_notes(struct doctor *d)
{
	const struct plan *plan = &d->host.plan;
	for (size_t i = 0; i < plan->notes; i++) {
		bool is_known = false;
		for (size_t k = d->begin; k < d->count; k++)
			is_known |= text_starts(plan->note[i].text, d->finding[k].text);
		const char *remedy = plan->note[i].remedy;
		if (!is_known)
			doctor_add(d, remedy ? DOCTOR_WARNING : DOCTOR_NOTE, NULL, remedy,
			           "%s", plan->note[i].text);
	}
}

void doctor_overrides(struct doctor *d)
{
	const struct doctor_host *host = &d->host;
	struct err err = ERR_INIT;
	if (!doctor_read_host(d))
		return;
	if (!host->state.is_ours) {
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("no mail server follows this database"));
		return;
	}
	for (size_t i = 0; i < host->drifts.count; i++) {
		const struct drift *drift = &host->drifts.row[i];
		/* keys have checks of their own */
		if (text_starts(drift->path, OPENDKIM_KEYS "/"))
			continue;
		doctor_add(d, DOCTOR_WARNING, drift->path,
		           drift->is_restored ? "mailauthctl mta push" : PUSH_FORCE,
		           "%s%s%s%s %s", drift->path, drift->parameter ? " (" : "",
		           drift->parameter ? drift->parameter : "",
		           drift->parameter ? ")" : "", drift->what);
	}
	if (host->backend && host->backend->advise &&
	    host->backend->advise(d->ctx, d->store, &host->probes, add_advice, d, &err) <
	            0)
		doctor_add_failure(d, NULL, &err);
	add_notes(d);
	/* a server that did not answer may have anything */
	if (host->failure.code && host->backend && host->backend->is_remote)
		doctor_add(d, DOCTOR_SKIPPED, NULL, NULL,
		           _("the settings of %s were not compared with what was pushed: "
		             "%s"),
		           _(host->backend->title), host->failure.text);
	else if (!doctor_has_trouble(d))
		doctor_add(d, DOCTOR_OK, NULL, NULL,
		           _("pushed files are unchanged, and nothing overrides them"));
}
