/* core/mta/plan/plan.c: a list of steps, created and looked up.  plan_prune.c removes steps from
 * it. */
#include "core/mta/plan/plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/plan/probe_type.h"
#include "core/mta/plan/step.h"

static void note_done(struct plan_note *note)
{
	free(note->text);
	free(note->remedy);
}

static void claims_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->claims; i++) {
		free(plan->claim[i].path);
		free(plan->claim[i].domain);
	}
	free(plan->claim);
}

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		step_done(&plan->step[i]);
	for (size_t i = 0; i < plan->notes; i++)
		note_done(&plan->note[i]);
	for (size_t i = 0; i < plan->needs; i++)
		free(plan->need[i].service);
	free(plan->need);
	free(plan->index_path);
	free(plan->lines_path);
	claims_done(plan);
	for (size_t i = 0; i < plan->keys; i++)
		free(plan->key[i].path);
	free(plan->step);
	free(plan->note);
	free(plan->key);
	*plan = PLAN_INIT;
}

struct step *plan_step(struct plan *plan, enum step_kind kind, enum step_rank rank,
                       const char *object)
{
	struct step *step;

	GROW(plan->step, plan->count, plan->room);
	step = &plan->step[plan->count++];
	*step = (struct step){
		.kind = kind,
		.rank = rank,
		.object = xstrdup(object),
		.is_present = true,
		.meta = FILE_META_KEEP,
	};
	return step;
}

static void set_content(struct step *step, const void *octets, size_t len)
{
	step->content = xcalloc(1, sizeof(*step->content));
	buf_add(step->content, octets, len);
	digest_of(octets, len, &step->new_digest);
}

struct step *plan_file_take(struct plan *plan, enum step_rank rank, const char *path,
                            struct buf *content, struct file_meta meta, unsigned causes)
{
	struct step *step = plan_step(plan, STEP_FILE, rank, path);

	step->content = xcalloc(1, sizeof(*step->content));
	*step->content = *content;
	*content = BUF_INIT;
	digest_of(buf_text(step->content), step->content->len, &step->new_digest);
	step->meta = meta;
	step->causes = causes;
	return step;
}

struct step *plan_file(struct plan *plan, enum step_rank rank, const char *path,
                       const void *octets, size_t len, struct file_meta meta,
                       unsigned causes)
{
	struct buf content = BUF_INIT;

	buf_add(&content, octets, len);
	return plan_file_take(plan, rank, path, &content, meta, causes);
}

struct step *plan_file_key(struct plan *plan, enum step_rank rank, const char *path,
                           int64_t key_id, const struct digest *digest,
                           struct file_meta meta, unsigned causes)
{
	struct step *step = plan_step(plan, STEP_FILE, rank, path);

	step->is_key = true;
	step->key_id = key_id;
	step->new_digest = *digest;
	step->is_secret = true;
	step->meta = meta;
	step->causes = causes;
	return step;
}

static struct step *add_remote(struct plan *plan, enum step_rank rank,
                               const struct remote_type *type,
                               const struct remote_server *server, const char *name,
                               const struct remote_value *now, unsigned causes)
{
	struct step *step = plan_step(plan, STEP_REMOTE, rank, name);

	step->server = xcalloc(1, sizeof(*step->server));
	step->server->type = type;
	step->server->url = xstrdup(server->url);
	step->server->credentials = xstrdup(server->credentials);
	step->causes = causes;
	step->had_old = now->is_set;
	if (now->is_set) {
		struct step_old *old = step_fill_old(step);

		buf_add(&old->content, now->text.at, now->text.len);
		digest_of(now->text.at, now->text.len, &old->digest);
	}
	return step;
}

struct step *plan_remote(struct plan *plan, enum step_rank rank,
                         const struct remote_type *type,
                         const struct remote_server *server, const char *name,
                         const struct remote_value *now, const struct remote_value *next,
                         unsigned causes)
{
	struct step *step = add_remote(plan, rank, type, server, name, now, causes);

	step->is_present = next->is_set;
	if (next->is_set)
		set_content(step, next->text.at, next->text.len);
	return step;
}

struct step *plan_remote_key(struct plan *plan, enum step_rank rank,
                             const struct remote_type *type,
                             const struct remote_server *server, const char *name,
                             const struct remote_value *now, int64_t key_id,
                             const struct digest *digest, unsigned causes)
{
	struct step *step = add_remote(plan, rank, type, server, name, now, causes);

	step->is_key = step->is_secret = true;
	step->key_id = key_id;
	step->new_digest = *digest;
	return step;
}

struct step *plan_remove(struct plan *plan, enum step_rank rank, const char *path,
                         unsigned causes)
{
	struct step *step = plan_step(plan, STEP_FILE, rank, path);

	step->is_present = false;
	step->causes = causes;
	return step;
}

struct step *plan_mkdir(struct plan *plan, enum step_rank rank, const char *path,
                        struct file_meta meta)
{
	struct step *step = plan_step(plan, STEP_MKDIR, rank, path);

	step->meta = meta;
	return step;
}

struct step *plan_service(struct plan *plan, enum step_rank rank, const char *service,
                          enum service_action action, unsigned when)
{
	struct step *step = plan_step(plan, STEP_SERVICE, rank, service);

	step->action = action;
	step->when = when;
	return step;
}

struct step *plan_probe(struct plan *plan, enum step_rank rank,
                        const struct probe_type *type, const struct service_kind *service,
                        const char *endpoint, unsigned when)
{
	struct step *step = plan_step(plan, STEP_PROBE, rank, endpoint);

	step->probe = type;
	step->question = question_new(&type->question);
	step->service = service;
	step->when = when;
	return step;
}

void plan_probe_again(struct plan *plan, const struct step *probe)
{
	struct step *step = plan_step(plan, probe->kind, probe->rank, probe->object);

	step->probe = probe->probe;
	step->question = question_dup(&probe->probe->question, probe->question);
	step->service = probe->service;
}

static struct plan_note *add_note(struct plan *plan, const char *fmt, va_list ap)
{
	GROW(plan->note, plan->notes, plan->note_room);
	plan->note[plan->notes] = (struct plan_note){ .text = xvasprintf(fmt, ap) };
	return &plan->note[plan->notes++];
}

void plan_note(struct plan *plan, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)add_note(plan, fmt, ap);
	va_end(ap);
}

void plan_warn(struct plan *plan, const char *remedy, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_note(plan, fmt, ap)->remedy = xstrdup(remedy);
	va_end(ap);
}

void plan_lack(struct plan *plan, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_note(plan, fmt, ap)->is_lack = true;
	va_end(ap);
}

void plan_expect_key(struct plan *plan, const char *path, const char *domain,
                     const char *selector, const char *algorithm,
                     const struct digest *fingerprint)
{
	size_t path_room = strlen(path) + 1, domain_room = strlen(domain) + 1;
	char *texts = xasprintf("%s%c%s%c%s", path, 0, domain, 0, selector);

	GROW(plan->key, plan->keys, plan->key_room);
	plan->key[plan->keys++] = (struct plan_key){
		.path = texts,
		.domain = texts + path_room,
		.selector = texts + path_room + domain_room,
		.algorithm = strcmp(algorithm, "rsa") == 0 ? "rsa" : "ed25519",
		.fingerprint = *fingerprint,
	};
}

void plan_needs(struct plan *plan, const struct step *step, bool is_running)
{
	GROW(plan->need, plan->needs, plan->need_room);
	plan->need[plan->needs++] = (struct plan_need){ xstrdup(step->object), is_running,
		                                        step->is_relied_on };
}

void plan_drop(struct plan *plan, size_t at)
{
	step_done(&plan->step[at]);
	memmove(&plan->step[at], &plan->step[at + 1],
	        (plan->count - at - 1) * sizeof(*plan->step));
	plan->count--;
}

void plan_claim_step(struct plan *plan, const struct step *step)
{
	const char *const *begin = plan->claimed;

	if (!begin || !step_is_file(step) || !step->is_present || !step->had_old ||
	    step->shared)
		return;
	while (*begin && !text_starts(step->object, *begin))
		begin++;
	if (!*begin)
		return;
	GROW(plan->claim, plan->claims, plan->claim_room);
	plan->claim[plan->claims++] = (struct plan_claim){
		.path = xstrdup(step->object),
		.domain = xstrdup(step->domain),
		.value = step->new_digest,
		.meta = step->meta,
		.is_secret = step->is_secret,
	};
}

int plan_skip_done(struct plan *plan, struct err *err)
{
	struct step *step = &plan->step[plan->count - 1];
	bool is_done = false;
	int rc =
		plan->is_done ? plan->is_done(plan->is_done_arg, step, &is_done, err) : 0;

	if (!rc && is_done) {
		plan_claim_step(plan, step);
		step_done(&plan->step[--plan->count]);
	}
	return rc;
}

unsigned plan_cause(struct plan *plan, const char *name)
{
	unsigned at = 0;

	while (at < PLAN_CAUSES && plan->cause[at] && strcmp(plan->cause[at], name) != 0)
		at++;
	if (at == PLAN_CAUSES) /* a defect: an owner generates names */
		abort();
	plan->cause[at] = name;
	return 1u << at;
}

/* The bits of `from` as `plan` numbers them. */
static unsigned translate(struct plan *plan, const struct plan *from, unsigned causes)
{
	unsigned bits = 0;

	for (unsigned at = 0; at < PLAN_CAUSES; at++)
		if (causes & 1u << at && from->cause[at])
			bits |= plan_cause(plan, from->cause[at]);
	return bits;
}

void plan_append(struct plan *plan, struct plan *from)
{
	for (size_t i = 0; i < from->count; i++) {
		GROW(plan->step, plan->count, plan->room);
		plan->step[plan->count] = from->step[i];
		plan->step[plan->count].causes =
			translate(plan, from, from->step[i].causes);
		plan->step[plan->count].when = translate(plan, from, from->step[i].when);
		plan->count++;
	}
	for (size_t i = 0; i < from->notes; i++) {
		GROW(plan->note, plan->notes, plan->note_room);
		plan->note[plan->notes++] = from->note[i];
	}
	for (size_t i = 0; i < from->keys; i++) {
		GROW(plan->key, plan->keys, plan->key_room);
		plan->key[plan->keys++] = from->key[i];
	}
	for (size_t i = 0; i < from->needs; i++) {
		GROW(plan->need, plan->needs, plan->need_room);
		plan->need[plan->needs++] = from->need[i];
	}
	free(from->need);
	free(from->step);
	free(from->note);
	free(from->key);
	*from = PLAN_INIT;
}

static int compare_objects(const void *a, const void *b)
{
	return strcmp((*(const struct step *const *)a)->object,
	              (*(const struct step *const *)b)->object);
}

const struct step **plan_index(const struct plan *plan, size_t *ret_count)
{
	const struct step **index = xcalloc(plan->count + 1, sizeof(index[0]));
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (step_is_in_tree(&plan->step[i]))
			index[count++] = &plan->step[i];
	SORT(index, count, compare_objects);
	*ret_count = count;
	return index;
}

const struct step *plan_find(const struct step *const *index, size_t count,
                             const char *path)
{
	struct step wanted = { 0 };
	const struct step *key = &wanted;

	memcpy(&wanted.object, &path, sizeof(path));
	const struct step *const *found =
		bsearch(&key, index, count, sizeof(index[0]), compare_objects);
	return found ? *found : NULL;
}

struct step *plan_find_file(const struct plan *plan, const char *path)
{
	for (size_t i = 0; path && i < plan->count; i++)
		if (step_is_file(&plan->step[i]) &&
		    strcmp(plan->step[i].object, path) == 0)
			return &plan->step[i];
	return NULL;
}

void plan_show(const struct plan *plan, bool is_coloured, struct buf *out)
{
	for (size_t i = 0; i < plan->count; i++)
		step_types[plan->step[i].kind]->show(&plan->step[i], is_coloured, out);
	for (size_t i = 0; i < plan->notes; i++)
		buf_printf(out,
		           plan->note[i].remedy ? _("warning: %s\n") : _("note: %s\n"),
		           plan->note[i].text);
}
