/* Accounts and groups; one pass over passwd and group is used for the machine and for a root. */
#include "core/mta/host/account.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/file.h"

#define GROUPS_MOST 65536 /* NGROUPS_MAX of the kernel */
/* Debian policy 9.2.2: ids below it belong to the system. */
#define FIRST_PERSON 1000
#define NOBODY 65534

/* The entries of one of the two files, or of the name service if `file` is NULL. */
struct entries {
	bool is_rooted;
	FILE *file;
};

static FILE *open_file(const struct ctx *ctx, const char *path)
{
	int fd = file_open_raw(ctx, path, O_RDONLY | O_CLOEXEC, 0);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "re");
	if (fd >= 0 && !file)
		close(fd);
	return file;
}

static void entries_open(const struct ctx *ctx, const char *path, struct entries *ret)
{
	*ret = (struct entries){ .is_rooted = ctx->is_rooted };
	if (ctx->is_rooted)
		ret->file = open_file(ctx, path);
}

static void users_done(struct entries *users)
{
	if (users->file)
		fclose(users->file);
	else if (!users->is_rooted)
		endpwent();
}

static void groups_done(struct entries *groups)
{
	if (groups->file)
		fclose(groups->file);
	else if (!groups->is_rooted)
		endgrent();
}

static const struct passwd *next_user(struct entries *users)
{
	if (users->is_rooted)
		return users->file ? fgetpwent(users->file) : NULL;
	return getpwent();
}

static const struct group *next_group(struct entries *groups)
{
	if (groups->is_rooted)
		return groups->file ? fgetgrent(groups->file) : NULL;
	return getgrent();
}

static bool has_member(const struct group *group, const char *name)
{
	for (char *const *member = group->gr_mem; *member; member++)
		if (strcmp(*member, name) == 0)
			return true;
	return false;
}

static void add_group(struct account *account, gid_t group)
{
	if (account_is_in(account, group))
		return;
	GROW(account->group, account->groups, account->room);
	account->group[account->groups++] = group;
}

/* Like initgroups(3) for the daemon. */
static void read_groups(const struct ctx *ctx, struct account *account, gid_t primary)
{
	add_group(account, primary);
	if (!ctx->is_rooted) {
		int count = GROUPS_MOST;
		auto_free gid_t *found = xcalloc((size_t)count, sizeof(*found));
		if (getgrouplist(account->name, primary, found, &count) < 0)
			count = 0;
		for (int i = 0; i < count; i++)
			add_group(account, found[i]);
		return;
	}
	cleanup(groups_done) struct entries groups;
	entries_open(ctx, "/etc/group", &groups);
	for (const struct group *group; (group = next_group(&groups));)
		if (has_member(group, account->name))
			add_group(account, group->gr_gid);
}

bool account_read(const struct ctx *ctx, const char *name, struct account *ret_account)
{
	uid_t uid;
	gid_t primary;
	*ret_account = (struct account){ 0 };
	if (!file_user_id(ctx, name, &uid, &primary))
		return false;
	ret_account->name = xstrdup(name);
	ret_account->uid = uid;
	read_groups(ctx, ret_account, primary);
	return true;
}

void account_done(struct account *account)
{
	free(account->name);
	free(account->group);
	*account = (struct account){ 0 };
}

bool account_is_in(const struct account *account, gid_t group)
{
	for (size_t i = 0; i < account->groups; i++)
		if (account->group[i] == group)
			return true;
	return false;
}

char *account_other_in(const struct ctx *ctx, const struct account *account, gid_t group)
{
	cleanup(users_done) struct entries users;
	cleanup(groups_done) struct entries groups;
	entries_open(ctx, "/etc/passwd", &users);
	entries_open(ctx, "/etc/group", &groups);
	for (const struct passwd *user; (user = next_user(&users));)
		if (user->pw_gid == group && user->pw_uid != 0 &&
		    user->pw_uid != account->uid)
			return xstrdup(user->pw_name);
	for (const struct group *entry; (entry = next_group(&groups));)
		for (char *const *member = entry->gr_mem;
		     entry->gr_gid == group && *member; member++)
			if (strcmp(*member, account->name) != 0 &&
			    strcmp(*member, "root") != 0)
				return xstrdup(*member);
	return NULL;
}

void account_each(const struct ctx *ctx,
                  void (*each)(void *arg, const char *name, const char *full_name),
                  void *arg)
{
	FILE *file = open_file(ctx, "/etc/passwd");
	const struct passwd *user;
	while (file && (user = fgetpwent(file)))
		if (user->pw_uid >= FIRST_PERSON && user->pw_uid != NOBODY)
			each(arg, user->pw_name, user->pw_gecos);
	if (file)
		fclose(file);
}
