/*
 * core/mta/plan.c: a list of steps, and which of them are still to be done.
 *
 * Pruning goes in this order: files and folders are observed; folders that are to go are looked at
 * again, deepest first, since only what the plan itself takes away may make them empty; services
 * and probes are kept for what was kept before them; missing parent folders become steps, so that
 * undo knows them; the rest is sorted by rank.
 */
#include "core/mta/plan.h"

#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/step.h"

static void step_done(struct step *step)
{
	if (step->is_secret && step->content.at)
		explicit_bzero(step->content.at, step->content.room);
	buf_done(&step->content);
	buf_done(&step->old_content);
	free(step->object);
	free(step->names);
	free(step->domain);
	free(step->probe_domain);
	free(step->probe_selector);
	free(step->probe_key);
	free(step->probe_reverse);
	free(step->probe_before);
	for (int i = 0; i < MACRO_STAGES; i++)
		free(step->probe_macros[i]);
	*step = (struct step){ 0 };
}

static void note_done(struct plan_note *note)
{
	free(note->text);
	free(note->remedy);
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
	for (size_t i = 0; i < plan->keys; i++) {
		free(plan->key[i].path);
		free(plan->key[i].domain);
		free(plan->key[i].selector);
	}
	free(plan->step);
	free(plan->note);
	free(plan->key);
	*plan = PLAN_INIT;
}

static struct step *plan_add(struct plan *plan, enum step_kind kind, enum step_rank rank,
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

struct step *plan_file_take(struct plan *plan, enum step_rank rank, const char *path,
                            struct buf *content, struct file_meta meta, unsigned causes)
{
	struct step *step = plan_add(plan, STEP_FILE, rank, path);

	step->content = *content;
	*content = BUF_INIT;
	digest_of(buf_text(&step->content), step->content.len, &step->new_digest);
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

struct step *plan_remove(struct plan *plan, enum step_rank rank, const char *path,
                         unsigned causes)
{
	struct step *step = plan_add(plan, STEP_FILE, rank, path);

	step->is_present = false;
	step->causes = causes;
	return step;
}

struct step *plan_mkdir(struct plan *plan, enum step_rank rank, const char *path,
                        struct file_meta meta)
{
	struct step *step = plan_add(plan, STEP_MKDIR, rank, path);

	step->meta = meta;
	return step;
}

struct step *plan_service(struct plan *plan, enum step_rank rank, const char *service,
                          enum service_action action, unsigned when)
{
	struct step *step = plan_add(plan, STEP_SERVICE, rank, service);

	step->action = action;
	step->when = when;
	return step;
}

struct step *plan_probe(struct plan *plan, enum step_rank rank, enum probe_kind kind,
                        const char *endpoint, unsigned when)
{
	struct step *step = plan_add(plan, STEP_PROBE, rank, endpoint);

	step->probe = kind;
	step->when = when;
	return step;
}

static struct plan_note *add_note(struct plan *plan, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	GROW(plan->note, plan->notes, plan->note_room);
	plan->note[plan->notes] = (struct plan_note){ .text = text };
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
	GROW(plan->key, plan->keys, plan->key_room);
	plan->key[plan->keys++] = (struct plan_key){
		.path = xstrdup(path),
		.domain = xstrdup(domain),
		.selector = xstrdup(selector),
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

int plan_settle(struct plan *plan, struct err *err)
{
	struct step *step = &plan->step[plan->count - 1];
	bool is_held = false;
	int rc = plan->host ? step_types[step->kind]->observe(plan->host, step, &is_held,
	                                                      err)
	                    : 0;

	if (!rc && is_held)
		step_done(&plan->step[--plan->count]);
	return rc;
}

void plan_append(struct plan *plan, struct plan *from)
{
	for (size_t i = 0; i < from->count; i++) {
		GROW(plan->step, plan->count, plan->room);
		plan->step[plan->count++] = from->step[i];
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

/* ---- paths and what the plan knows of them --------------------------------------------------- */

struct path_node {
	char *path;
	bool is_kept;   /* a step of the plan makes, replaces or removes it */
	size_t leaving; /* how many entries of this folder the plan takes away */
};

static int node_compare(const void *a, const void *b)
{
	return strcmp(((const struct path_node *)a)->path,
	              ((const struct path_node *)b)->path);
}

static void node_free(void *at)
{
	struct path_node *node = at;

	free(node->path);
	free(node);
}

static struct path_node *node_get(void **tree, const char *path)
{
	struct path_node *node = xcalloc(1, sizeof(*node));
	struct path_node **found;

	node->path = xstrdup(path);
	found = tsearch(node, tree, node_compare);
	if (!found)
		abort();
	if (*found != node)
		node_free(node);
	return *found;
}

static bool is_tree_step(const struct step *step)
{
	return step->kind == STEP_FILE || step->kind == STEP_MKDIR;
}

static bool is_leaving_folder(const struct step *step)
{
	return step->kind == STEP_MKDIR && !step->is_present;
}

static void note_leaving(void **tree, const char *path)
{
	char *parent = path_parent(path);

	node_get(tree, parent)->leaving++;
	free(parent);
}

/* ---- pruning --------------------------------------------------------------------------------- */

struct pruning {
	const struct ctx *ctx;
	struct plan *plan;
	bool *is_kept; /* for each step */
	void *paths;   /* tree of struct path_node */
};

static int observe_steps(struct pruning *p, struct err *err)
{
	for (size_t i = 0; i < p->plan->count; i++) {
		struct step *step = &p->plan->step[i];
		struct path_node *node;
		bool is_held = false;
		int rc;

		if (!is_tree_step(step))
			continue;
		node = node_get(&p->paths, step->object);
		if (node->is_kept)
			return err_set(err, ERR_FAILED,
			               _("%s is planned twice: nothing was changed"),
			               step->object);
		node->is_kept = true;
		rc = step_types[step->kind]->observe(p->ctx, step, &is_held, err);
		if (rc)
			return rc;
		p->is_kept[i] = !is_held;
		if (!is_held && step->kind == STEP_FILE && !step->is_present)
			note_leaving(&p->paths, step->object);
	}
	return 0;
}

struct counting {
	const struct ctx *ctx;
	const char *folder;
	size_t names;
};

/* A socket goes with the service that made it. */
static int count_name(void *arg, const char *name, struct err *err)
{
	struct counting *counting = arg;
	auto_free char *path = path_join(counting->folder, name);
	struct file_info info;
	int rc = file_look(counting->ctx, path, false, &info, err);

	if (!rc && info.kind != FILE_OTHER && info.kind != FILE_ABSENT)
		counting->names++;
	return rc;
}

static int deepest_first(const void *a, const void *b)
{
	return strcmp((*(struct step *const *)b)->object,
	              (*(struct step *const *)a)->object);
}

static int look_at_leaving_folders(struct pruning *p, struct err *err)
{
	struct step **folder = xcalloc(p->plan->count + 1, sizeof(struct step *));
	size_t count = 0;
	int rc = 0;

	for (size_t i = 0; i < p->plan->count; i++)
		if (p->is_kept[i] && is_leaving_folder(&p->plan->step[i]))
			folder[count++] = &p->plan->step[i];
	SORT(folder, count, deepest_first);
	for (size_t i = 0; i < count && !rc; i++) {
		struct counting counting = { .ctx = p->ctx, .folder = folder[i]->object };

		rc = file_list(p->ctx, folder[i]->object, count_name, &counting, err);
		if (rc)
			break;
		if (counting.names <= node_get(&p->paths, folder[i]->object)->leaving)
			note_leaving(&p->paths, folder[i]->object);
		else
			p->is_kept[folder[i] - p->plan->step] = false;
	}
	free(folder);
	return rc;
}

static bool is_due(const struct step *step, unsigned causes)
{
	return step->when == 0 || (step->when & causes) != 0;
}

/* Enabling what runs starts nothing. */
static bool is_running_before(const struct step *step)
{
	return step->action == SERVICE_ENABLE && step->had_old &&
	       step->old_meta.mode & SERVICE_WAS_RUNNING;
}

/* A fresh process reads the files as well: reload < restart < start of one that does not run. */
static bool is_superseded(const struct pruning *p, const struct step *step)
{
	static const int weight[] = {
		[SERVICE_RELOAD] = 1, [SERVICE_RESTART] = 2, [SERVICE_START] = 3,
		[SERVICE_ENABLE] = 4, [SERVICE_STOP] = 0,    [SERVICE_DISABLE] = 0
	};

	for (size_t i = 0; i < p->plan->count; i++) {
		const struct step *other = &p->plan->step[i];

		if (p->is_kept[i] && other->kind == STEP_SERVICE &&
		    other->rank == step->rank &&
		    strcmp(other->object, step->object) == 0 && weight[step->action] &&
		    weight[other->action] > weight[step->action] &&
		    !is_running_before(other))
			return true;
	}
	return false;
}

/* Services and probes for what was kept; whether anything but probes is left. */
static bool keep_actions(struct pruning *p)
{
	unsigned causes = 0;
	bool is_any = false;

	for (size_t i = 0; i < p->plan->count; i++) {
		const struct step *step = &p->plan->step[i];

		if (step->kind == STEP_SERVICE && step->when == 0)
			p->is_kept[i] = true;
		if (p->is_kept[i]) {
			causes |= step->causes;
			is_any = true;
		}
	}
	for (size_t i = 0; i < p->plan->count; i++)
		if (!is_tree_step(&p->plan->step[i]))
			p->is_kept[i] = is_any && is_due(&p->plan->step[i], causes);
	for (size_t i = 0; i < p->plan->count; i++)
		if (p->is_kept[i] && p->plan->step[i].kind == STEP_SERVICE)
			p->is_kept[i] = !is_superseded(p, &p->plan->step[i]);
	return is_any;
}

/* Steps for the folders above `path` that do not exist and that no step makes; outermost first. */
static int add_missing_parents(struct pruning *p, struct plan *into, const char *path,
                               enum step_rank rank, struct err *err)
{
	char *parent = path_parent(path);
	struct path_node *node = node_get(&p->paths, parent);
	struct file_info info;
	int rc = 0;

	if (!node->is_kept && strcmp(parent, "/") != 0) {
		rc = file_look(p->ctx, parent, true, &info, err);
		if (!rc && info.kind == FILE_ABSENT) {
			node->is_kept = true;
			rc = add_missing_parents(p, into, parent, rank, err);
			if (!rc)
				plan_mkdir(into, rank, parent,
				           (struct file_meta){ 0755, FILE_KEEP_UID,
				                               FILE_KEEP_GID });
		}
	}
	free(parent);
	return rc;
}

/* Moves what was kept into a fresh array, by rank; the rest is freed. */
static int rebuild(struct pruning *p, bool is_any, struct err *err)
{
	struct plan fresh = PLAN_INIT;
	int rc = 0;

	for (int rank = 0; rank < RANK_COUNT && is_any && !rc; rank++) {
		for (size_t i = 0; i < p->plan->count && !rc; i++) {
			struct step *step = &p->plan->step[i];

			if (!p->is_kept[i] || (int)step->rank != rank)
				continue;
			if (is_tree_step(step) && step->is_present)
				rc = add_missing_parents(p, &fresh, step->object,
				                         step->rank, err);
			if (rc)
				break;
			GROW(fresh.step, fresh.count, fresh.room);
			fresh.step[fresh.count++] = *step;
			*step = (struct step){ 0 };
		}
	}
	for (size_t i = 0; i < p->plan->count; i++)
		step_done(&p->plan->step[i]);
	free(p->plan->step);
	p->plan->step = fresh.step;
	p->plan->count = fresh.count;
	p->plan->room = fresh.room;
	return rc;
}

static struct step *find_step(struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->step[i].kind == STEP_FILE &&
		    strcmp(plan->step[i].object, path) == 0)
			return &plan->step[i];
	return NULL;
}

void plan_names(struct plan *plan, const char *path, const char *of)
{
	struct step *step = find_step(plan, path);

	if (!step)
		return;
	free(step->names);
	step->names = xstrdup(of);
}

/* Each line stands in the old content too, in the same order. */
static bool only_loses_lines(const struct step *step)
{
	const char *at = buf_text(&step->content), *old = buf_text(&step->old_content);

	if (step->content.len >= step->old_content.len)
		return false;
	while (*at) {
		size_t len = strcspn(at, "\n"), old_len = strcspn(old, "\n");

		if (!*old)
			return false;
		if (len == old_len && memcmp(at, old, len) == 0)
			at += len + (at[len] == '\n');
		old += old_len + (old[old_len] == '\n');
	}
	return true;
}

/* By step.names. */
static void order_names(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct step *step = &plan->step[i];
		struct step *of = step->names ? find_step(plan, step->names) : NULL;

		if (of && of->rank == step->rank && only_loses_lines(of) != (step < of)) {
			struct step first = *step;

			*step = *of;
			*of = first;
			return;
		}
	}
}

int plan_prune(const struct ctx *ctx, struct plan *plan, struct err *err)
{
	struct pruning p = { .ctx = ctx, .plan = plan };
	int rc;

	p.is_kept = xcalloc(plan->count + 1, sizeof(*p.is_kept));
	rc = observe_steps(&p, err);
	if (!rc)
		rc = look_at_leaving_folders(&p, err);
	if (!rc)
		rc = rebuild(&p, keep_actions(&p), err);
	if (!rc)
		order_names(plan);
	tdestroy(p.paths, node_free);
	free(p.is_kept);
	return rc;
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
		if (is_tree_step(&plan->step[i]))
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

void plan_show(const struct plan *plan, bool is_coloured, struct buf *out)
{
	for (size_t i = 0; i < plan->count; i++)
		step_types[plan->step[i].kind]->show(&plan->step[i], is_coloured, out);
	for (size_t i = 0; i < plan->notes; i++)
		buf_printf(out,
		           plan->note[i].remedy ? _("warning: %s\n") : _("note: %s\n"),
		           plan->note[i].text);
}
