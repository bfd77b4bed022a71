/*
 * core/mta/plan/plan_prune.c: which steps of a plan remain to be done.
 *
 * In this order: files and folders are observed; folders that are to be removed are checked again,
 * deepest first, because removals of the plan itself may make them empty; services and probes are
 * kept for the steps that were kept before them; missing parent folders become steps, so that undo
 * includes them; the rest is sorted by rank.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/mta/plan/plan.h"
#include "core/mta/plan/step.h"

/* ---- paths and what the plan knows of them --------------------------------------------------- */

struct path_node {
	const char *path;
	bool is_own;    /* the text belongs to the node, not to a step */
	bool is_kept;   /* a step of the plan creates, replaces or removes it */
	size_t leaving; /* the number of entries of this folder that the plan removes */
};

static int node_compare(const void *a, const void *b)
{
	return strcmp(((const struct path_node *)a)->path,
	              ((const struct path_node *)b)->path);
}

static void node_free(void *at)
{
	struct path_node *node = at;

	if (node->is_own)
		free((char *)(uintptr_t)node->path);
	free(node);
}

/* `is_lasting`: the text is valid as long as the tree. */
static struct path_node *node_get(void **tree, const char *path, bool is_lasting)
{
	const struct path_node wanted = { .path = path };
	struct path_node **found = tfind(&wanted, tree, node_compare);

	if (found)
		return *found;
	struct path_node *node = xcalloc(1, sizeof(*node));
	node->is_own = !is_lasting;
	node->path = is_lasting ? path : xstrdup(path);
	if (!tsearch(node, tree, node_compare))
		abort();
	return node;
}

static bool is_leaving_folder(const struct step *step)
{
	return step_types[step->kind]->is_container && !step->is_present;
}

static void note_leaving(void **tree, const char *path)
{
	char *parent = path_parent(path);

	node_get(tree, parent, false)->leaving++;
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
		const struct step_type *type = step_types[step->kind];
		struct path_node *node = NULL;
		bool is_done = false;
		int rc;

		if (!type->observe)
			continue;
		if (type->is_in_tree)
			node = node_get(&p->paths, step->object, true);
		if (node && node->is_kept)
			return err_set(err, ERR_FAILED,
			               _("%s is planned twice: nothing was changed"),
			               step->object);
		if (node)
			node->is_kept = true;
		rc = type->observe(p->ctx, step, &is_done, err);
		if (rc)
			return rc;
		plan_claim_step(p->plan, step);
		p->is_kept[i] = !is_done;
		if (!is_done && step_is_file(step) && !step->is_present)
			note_leaving(&p->paths, step->object);
	}
	return 0;
}

struct counting {
	const struct ctx *ctx;
	const char *folder;
	size_t names;
};

/* A socket is removed with the service that created it. */
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
		if (counting.names <=
		    node_get(&p->paths, folder[i]->object, true)->leaving)
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

static bool is_superseded(const struct pruning *p, const struct step *step)
{
	for (size_t i = 0; i < p->plan->count; i++) {
		const struct step *other = &p->plan->step[i];

		if (p->is_kept[i] && other->kind == step->kind &&
		    other->rank == step->rank &&
		    strcmp(other->object, step->object) == 0 &&
		    step_types[step->kind]->is_superseded(step, other))
			return true;
	}
	return false;
}

/* Services and probes for the steps that were kept; whether anything but probes is left. */
static bool keep_actions(struct pruning *p)
{
	unsigned causes = 0;
	bool is_any = false;

	for (size_t i = 0; i < p->plan->count; i++) {
		const struct step *step = &p->plan->step[i];

		if (step_is_service(step) && step->when == 0)
			p->is_kept[i] = true;
		if (p->is_kept[i]) {
			causes |= step->causes;
			is_any = true;
		}
	}
	for (size_t i = 0; i < p->plan->count; i++)
		if (!step_types[p->plan->step[i].kind]->observe)
			p->is_kept[i] = is_any && is_due(&p->plan->step[i], causes);
	for (size_t i = 0; i < p->plan->count; i++)
		if (p->is_kept[i] && step_types[p->plan->step[i].kind]->is_superseded)
			p->is_kept[i] = !is_superseded(p, &p->plan->step[i]);
	return is_any;
}

/* The order of the steps; there is one array of steps only. */
struct order {
	size_t *from;
	size_t count, room;
};

static void order_add(struct order *order, size_t from)
{
	GROW(order->from, order->count, order->room);
	order->from[order->count++] = from;
}

/* Steps for the folders above `path` that neither exist nor are created by a step; outermost first.
 */
static int add_missing_parents(struct pruning *p, struct order *order, const char *path,
                               enum step_rank rank, struct err *err)
{
	char *parent = path_parent(path);
	struct path_node *node = node_get(&p->paths, parent, false);
	struct file_info info;
	int rc = 0;

	if (!node->is_kept && strcmp(parent, "/") != 0) {
		rc = file_look(p->ctx, parent, true, &info, err);
		if (!rc && info.kind == FILE_ABSENT) {
			node->is_kept = true;
			rc = add_missing_parents(p, order, parent, rank, err);
			if (!rc) {
				plan_mkdir(p->plan, rank, parent,
				           (struct file_meta){ 0755, FILE_KEEP_UID,
				                               FILE_KEEP_GID });
				order_add(order, p->plan->count - 1);
			}
		}
	}
	free(parent);
	return rc;
}

static int make_order(struct pruning *p, struct order *order, struct err *err)
{
	size_t count = p->plan->count; /* what is added is ordered at once */
	int rc = 0;

	for (int rank = 0; rank < RANK_COUNT && !rc; rank++) {
		for (size_t i = 0; i < count && !rc; i++) {
			const struct step *step = &p->plan->step[i];

			if (!p->is_kept[i] || (int)step->rank != rank)
				continue;
			if (step_is_in_tree(step) && step->is_present)
				rc = add_missing_parents(p, order, step->object,
				                         step->rank, err);
			order_add(order, i);
		}
	}
	return rc;
}

/* Sorts the steps that were kept by rank; the others are freed. */
static int rebuild(struct pruning *p, bool is_any, struct err *err)
{
	struct order order = { 0 };
	size_t count = p->plan->count;
	int rc = is_any ? make_order(p, &order, err) : 0;

	for (size_t i = 0; i < count; i++)
		if (!is_any || !p->is_kept[i])
			step_done(&p->plan->step[i]);
	for (size_t i = 0; i < order.count && !rc; i++) {
		size_t from = order.from[i];

		/* the present file was moved to the place from which its successor came */
		while (from < i)
			from = order.from[from];
		struct step step = p->plan->step[i];
		p->plan->step[i] = p->plan->step[from];
		p->plan->step[from] = step;
	}
	if (!rc)
		p->plan->count = order.count;
	free(order.from);
	return rc;
}

void plan_names(struct plan *plan, const char *path, const char *of)
{
	free(plan->index_path);
	free(plan->lines_path);
	plan->index_path = xstrdup(path);
	plan->lines_path = xstrdup(of);
}

/* Each line is also in the old content, in the same order. */
static bool only_loses_lines(const struct step *step)
{
	const struct buf *text = step_text(step), *before = &step_old(step)->content;
	const char *at = buf_text(text), *old = buf_text(before);

	if (text->len >= before->len)
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

/* As plan_names() says. */
static void order_names(struct plan *plan)
{
	struct step *step =
		plan->index_path ? plan_find_file(plan, plan->index_path) : NULL;
	struct step *of = step ? plan_find_file(plan, plan->lines_path) : NULL;

	if (of && of->rank == step->rank && only_loses_lines(of) != (step < of)) {
		struct step first = *step;

		*step = *of;
		*of = first;
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
