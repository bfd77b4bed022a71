/*
 * Who calls, and what is open to them.
 *
 * sudo sets the account in SUDO_UID (doas and pkexec have their own variables); the value is
 * trusted in a process of root, because only root can have set it.  A value that cannot be parsed
 * is refused, and an account that is not known to be an administrator is a customer.
 */
#include "cli/line/caller.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

#define GROUPS_MOST 65536

/* Members of these groups are administrators: the groups of sudo on Debian and elsewhere, and our
 * own. */
static const char *const admin_groups[] = { "sudo", "wheel", "mailauthctl-admin" };

static bool has_group(const gid_t *group, int count, gid_t wanted)
{
	for (int i = 0; i < count; i++)
		if (group[i] == wanted)
			return true;
	return false;
}

/* The account's own group does not make it an administrator, whatever its name is. */
static bool is_administrator(const char *account, gid_t primary)
{
	int count = GROUPS_MOST;
	auto_free gid_t *group = xcalloc(GROUPS_MOST, sizeof(*group));
	if (getgrouplist(account, primary, group, &count) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(admin_groups); i++) {
		const struct group *found = getgrnam(admin_groups[i]);
		if (found && found->gr_gid != 0 &&
		    strcmp(account, admin_groups[i]) != 0 &&
		    has_group(group, count, found->gr_gid))
			return true;
	}
	return false;
}

static bool parse_uid(const char *text, uid_t *ret_uid)
{
	int64_t uid;
	/* (uid_t)-1 is not an account */
	if (*text == '-' || !text_to_int(text, 0, UINT32_MAX - 1, &uid))
		return false;
	*ret_uid = (uid_t)uid;
	return true;
}

/* Adds the account of one variable; if several are set, one that is a customer's counts. */
static int find_in(const char *variable, bool is_name, const char *text,
                   struct caller *caller, struct err *err)
{
	uid_t uid = 0;
	const struct passwd *user = NULL;
	if (is_name)
		user = getpwnam(text);
	else if (parse_uid(text, &uid))
		user = getpwuid(uid);
	if (!user || !*user->pw_name)
		return err_set(err, ERR_FAILED,
		               _("%s is \"%s\", which is not an account of this "
		                 "system: the caller cannot be determined"),
		               variable, text);
	if (caller->is_customer)
		return 0;
	free(caller->account);
	caller->uid = is_name ? user->pw_uid : uid;
	caller->account = xstrdup(user->pw_name);
	caller->is_customer =
		caller->uid != 0 && !is_administrator(caller->account, user->pw_gid);
	return 0;
}

int caller_find(uid_t real, uid_t effective, const char *(*look_up)(const char *variable),
                struct caller *ret_caller, struct err *err)
{
	/* in ascending order of precedence for the audit trail: the last one is the actor */
	static const struct {
		const char *variable;
		bool is_name;
	} tellers[] = {
		{ "DOAS_USER", true },
		{ "PKEXEC_UID", false },
		{ "SUDO_UID", false },
	};
	struct caller caller = CALLER_INIT;
	caller.uid = real;
	if (real != effective)
		return err_set(err, ERR_FAILED,
		               _("this program must not be installed set-user-ID; "
		                 "customers run it through sudo"));
	for (size_t i = 0; real == 0 && i < ARRAY_LEN(tellers); i++) {
		const char *text = look_up(tellers[i].variable);
		int r = text ? find_in(tellers[i].variable, tellers[i].is_name, text,
		                       &caller, err)
		             : 0;
		if (r < 0) {
			free(caller.account);
			return r;
		}
	}
	*ret_caller = caller;
	return 0;
}

int caller_check(const struct caller *caller, const struct command *row,
                 const struct args *args, struct err *err)
{
	if (!caller->is_customer)
		return 0;
	if (!(row->needs & NEED_OWN_ACCESS))
		return err_set(
			err, ERR_FAILED,
			_("\"%s\" is for administrators (root, members of sudo, wheel "
		          "or mailauthctl-admin); the account %s manages its own "
		          "domains; run \"mailauthctl domain list\" to list them"),
			row->words, caller->account);
	for (size_t i = 0; i < args->option_count; i++) {
		const struct args_option *option = &args->options[i];
		if (option->row->access == OPTION_FOR_ADMINS ||
		    option->row->access == OPTION_STDIN_FOR_ADMINS)
			return err_set(err, ERR_FAILED,
			               _("the option %s is for administrators"),
			               option->row->name);
		if (option->row->access == OPTION_STDIN_FOR_ALL &&
		    strcmp(option->value, "-") != 0)
			return err_set(
				err, ERR_FAILED,
				_("%s with a file is for administrators; use \"%s -\" "
			          "to read standard input"),
				option->row->name, option->row->name);
	}
	return 0;
}
