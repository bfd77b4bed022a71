/*
 * Rights along a path, from the top down, so that the first wrong folder is reported.  Links are
 * followed: the folders above the target of a link are checked too.  Folders are cached, because
 * 100,000 keys share theirs.
 */
#include "core/mta/check/path_check.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "core/base/alloc.h"
#include "core/base/file.h"

#define LINKS_MOST 40

struct node { /* the future content of a path */
	char *path;
	bool is_there, is_folder, is_planned;
	struct file_meta meta;
	char *real; /* a link: its target */
};

struct path_check {
	const struct ctx *ctx;
	const struct step **step; /* files and folders of the plan, sorted by path */
	size_t steps;
	void *folders; /* tree of struct node */
	unsigned links;
};

static int compare_nodes(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->path, ((const struct node *)b)->path);
}

static void node_free(void *at)
{
	struct node *node = at;
	free(node->path);
	free(node->real);
	free(node);
}

struct path_check *path_check_new(const struct ctx *ctx, const struct plan *plan)
{
	struct path_check *check = xcalloc(1, sizeof(*check));
	check->ctx = ctx;
	check->step = plan_index(plan, &check->steps);
	return check;
}

void path_check_free(struct path_check *check)
{
	if (!check)
		return;
	tdestroy(check->folders, node_free);
	free(check->step);
	free(check);
}

static void apply_step(struct node *node, const struct step *step)
{
	bool is_folder = step_types[step->kind]->is_container;
	const mode_t fresh = is_folder ? 0700 : 0600;
	if (!node->is_there)
		node->meta = (struct file_meta){ fresh, 0, 0 };
	node->is_there = step->is_present;
	node->is_planned = true;
	node->is_folder = is_folder;
	if (step->meta.mode != FILE_KEEP_MODE)
		node->meta.mode = step->meta.mode;
	if (step->meta.uid != FILE_KEEP_UID)
		node->meta.uid = step->meta.uid;
	if (step->meta.gid != FILE_KEEP_GID)
		node->meta.gid = step->meta.gid;
}

static int look(struct path_check *check, const char *path, struct node *ret,
                struct err *err)
{
	struct file_info info;
	int r = file_look(check->ctx, path, false, &info, err);
	if (r < 0)
		return r;
	*ret = (struct node){ .path = xstrdup(path),
		              .is_there = info.kind != FILE_ABSENT,
		              .is_folder = info.kind == FILE_DIRECTORY,
		              .meta = info.meta };
	if (info.kind == FILE_LINK)
		r = file_real_path(check->ctx, path, &ret->real, err);
	if (r == 0 && ret->real)
		r = file_look(check->ctx, ret->real, false, &info, err);
	if (r == 0 && ret->real) {
		ret->is_folder = info.kind == FILE_DIRECTORY;
		ret->meta = info.meta;
	}
	const struct step *step = plan_find(check->step, check->steps, path);
	if (r == 0 && step)
		apply_step(ret, step);
	return r;
}

/* Belongs to the check if it is a folder; otherwise to *room. */
static int get_node(struct path_check *check, const char *path, struct node *room,
                    const struct node **ret, struct err *err)
{
	struct node key;
	memcpy(&key.path, &path, sizeof(path));
	struct node **found = tfind(&key, &check->folders, compare_nodes);
	if (found) {
		*ret = *found;
		return 0;
	}
	int r = look(check, path, room, err);
	if (r < 0 || !room->is_folder) {
		*ret = room;
		return r;
	}
	struct node *kept = xcalloc(1, sizeof(*kept));
	*kept = *room;
	*room = (struct node){ 0 };
	if (!tsearch(kept, &check->folders, compare_nodes))
		abort();
	*ret = kept;
	return 0;
}

/* ---- the walk --------------------------------------------------------------------------------- */

struct walk {
	struct path_check *check;
	const struct account *who;
	const char *goal; /* the whole path, for messages */
	unsigned need;    /* rights on the target itself */

	/* 0, or the failure */
	int (*judge)(const struct walk *walk, const struct node *node, bool is_goal,
	             struct err *err);
};

static int walk_path(const struct walk *walk, const char *from, const char *path,
                     bool has_goal, struct err *err);

static int visit(const struct walk *walk, const char *path, bool is_goal, struct err *err)
{
	struct node room = { 0 };
	const struct node *node;
	int r = get_node(walk->check, path, &room, &node, err);
	if (r == 0 && !node->is_there)
		r = err_set(err, ERR_MISSING, _("%s does not exist"), path);
	if (r == 0 && node->real) {
		if (++walk->check->links > LINKS_MOST)
			r = err_set(err, ERR_FAILED, _("%s: too many symbolic links"),
			            path);
		else
			r = walk_path(walk, "/", node->real, is_goal, err);
		walk->check->links--;
	} else if (r == 0) {
		r = walk->judge(walk, node, is_goal, err);
	}
	free(room.path);
	free(room.real);
	return r;
}

static int walk_path(const struct walk *walk, const char *from, const char *path,
                     bool has_goal, struct err *err)
{
	auto_free char *part = xstrdup(path);
	size_t len = strlen(path), at = strlen(from);
	int r = visit(walk, from, has_goal && at == len, err);
	at = at == 1 ? 0 : at;
	while (r == 0 && at < len) {
		at += 1 + strcspn(path + at + 1, "/");
		part[at] = '\0';
		r = visit(walk, part, has_goal && at == len, err);
		if (at < len)
			part[at] = '/';
	}
	return r;
}

static const char *user_text(const struct path_check *check, uid_t uid,
                             const struct account *who, char room[32])
{
	(void)check;
	if (uid == 0)
		return "root";
	if (uid == who->uid)
		return who->name;
	snprintf(room, 32, "%lu", (unsigned long)uid);
	return room;
}

static bool has_access_list(const struct path_check *check, const char *path)
{
	auto_free char *whole = ctx_host_path(check->ctx, path);
	return getxattr(whole, "system.posix_acl_access", NULL, 0) > 0;
}

static int judge_access(const struct walk *walk, const struct node *node, bool is_goal,
                        struct err *err)
{
	static const char *const verbs[] = { [PATH_SEARCH] = N_("search"),
		                             [PATH_WRITE] = N_("write to"),
		                             [PATH_READ] = N_("read") };
	static const char letters[] = {
		[PATH_SEARCH] = 'x', [PATH_WRITE] = 'w', [PATH_READ] = 'r'
	};
	const struct account *who = walk->who;
	unsigned need = is_goal ? walk->need : PATH_SEARCH;
	bool is_owner = node->meta.uid == who->uid;
	bool is_group = !is_owner && account_is_in(who, node->meta.gid);
	unsigned shift = is_owner ? 6 : is_group ? 3 : 0;
	unsigned missing = need & ~(((unsigned)node->meta.mode >> shift) & 7);
	char room[32];
	if (who->uid == 0 || !missing)
		return 0;
	if (!node->is_planned && has_access_list(walk->check, node->path))
		return 0;
	unsigned bit = missing & PATH_SEARCH ? PATH_SEARCH
	               : missing & PATH_READ ? PATH_READ
	                                     : PATH_WRITE;
	err_set(err, ERR_FAILED,
	        _("%s cannot use %s: it is not allowed to %s %s (owner %s, group %lu, "
	          "mode %04o)"),
	        who->name, walk->goal, _(verbs[bit]), node->path,
	        user_text(walk->check, node->meta.uid, who, room),
	        (unsigned long)node->meta.gid, (unsigned)node->meta.mode);
	return err_add_remedy(err, "chmod %c+%c %s",
	                      is_owner   ? 'u'
	                      : is_group ? 'g'
	                                 : 'o',
	                      letters[bit], node->path);
}

int path_check_access(struct path_check *check, const struct account *who,
                      const char *from, const char *path, unsigned need, struct err *err)
{
	const struct walk walk = { .check = check,
		                   .who = who,
		                   .goal = path,
		                   .need = need,
		                   .judge = judge_access };
	return walk_path(&walk, from, path, true, err);
}

static int refuse_key(const struct walk *walk, const struct node *node, const char *why,
                      const char *remedy, struct err *err)
{
	char room[32];
	err_set(err, ERR_FAILED,
	        _("%s would refuse the key %s: %s %s (owner %s, group %lu, mode %04o)"),
	        walk->who->name, walk->goal, node->path, why,
	        user_text(walk->check, node->meta.uid, walk->who, room),
	        (unsigned long)node->meta.gid, (unsigned)node->meta.mode);
	return err_add_remedy(err, "%s %s", remedy, node->path);
}

/* The rules of OpenDKIM 2.11, for each folder and for the file. */
static int judge_key(const struct walk *walk, const struct node *node, bool is_goal,
                     struct err *err)
{
	const struct file_meta *meta = &node->meta;
	bool is_foreign = meta->uid != 0 && meta->uid != walk->who->uid;
	mode_t others = is_goal ? S_IROTH | S_IWOTH : S_IWOTH;
	mode_t group = is_goal ? S_IRGRP | S_IWGRP : S_IWGRP;
	if (is_foreign && (is_goal || (meta->mode & S_IWUSR)))
		return refuse_key(walk, node, _("belongs to another account"),
		                  "chown root", err);
	if (meta->mode & others)
		return refuse_key(walk, node,
		                  is_goal ? _("can be read or changed by all accounts")
		                          : _("can be changed by all accounts"),
		                  is_goal ? "chmod o-rw" : "chmod o-w", err);
	if (!(meta->mode & group))
		return 0;
	auto_free char *other = account_other_in(walk->check->ctx, walk->who, meta->gid);
	if (!other)
		return 0;
	auto_free char *why =
		xasprintf(is_goal ? _("can be read or changed by its group, and %s is "
	                              "a member")
	                          : _("can be changed by its group, and %s is a "
	                              "member"),
	                  other);
	return refuse_key(walk, node, why, is_goal ? "chmod g-rw" : "chmod g-w", err);
}

int path_check_key(struct path_check *check, const struct account *who, const char *path,
                   struct err *err)
{
	const struct walk walk = {
		.check = check, .who = who, .goal = path, .judge = judge_key
	};
	int r = walk_path(&walk, "/", path, true, err);
	if (r < 0)
		return r;
	return path_check_access(check, who, "/", path, PATH_READ, err);
}
