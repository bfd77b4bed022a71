/*
 * The directory backend: the same files as for Postfix with OpenDKIM, below one folder, with the
 * target host's paths inside them.  Nothing is reloaded or asked; users of the target are unknown
 * here, so files belong to whoever runs this.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/setting.h"
#include "core/mta/networks.h"
#include "core/mta/opendkim.h"
#include "core/mta/postfix.h"
#include "core/mta/postfix_main.h"

#define POSTFIX_PART "/etc/mailauthctl/postfix-main.cf"
#define QUEUE_FOLDER "/var/spool/postfix"

int directory_detect(struct ctx *ctx, struct store *store, struct mta_found *ret_found,
                     struct err *err)
{
	(void)ctx;
	char *path;
	int r = setting_text(store, SET_MTA_DIRECTORY_PATH, 0, &path, err);
	if (r < 0)
		return r;
	*ret_found = (struct mta_found){ .is_installed = true, .config_dir = path };
	return 0;
}

int directory_observe(struct ctx *ctx, struct store *store, struct mta_seen **ret_seen,
                      struct err *err)
{
	(void)ctx;
	(void)store;
	(void)err;
	*ret_seen = NULL;
	return 0;
}

/* What an admin puts into main.cf of the target host. */
static void render_postfix(const struct desired *desired, struct buf *into)
{
	const struct main_wish wish = {
		.milter = "{ unix:opendkim/opendkim.sock, " POSTFIX_MILTER_OPTIONS " }",
		.in_smtpd = true,
		.in_non_smtpd = desired->signs,
	};
	buf_puts(
		into,
		"# For main.cf of the mail host.  Where it has smtpd_milters or non_smtpd_milters\n"
		"# already, put the item of the last lines into them instead.\n"
		"# The folder " QUEUE_FOLDER "/opendkim must be there, mode 2750, owner\n"
		"# opendkim, group postfix; the last line of " OPENDKIM_CONF " must be\n"
		"#     Include " OPENDKIM_OURS "\n");
	main_cf_render("", 0, &wish, into);
}

static void plan_postfix(const struct desired *desired, const char *prefix,
                         bool is_active, struct plan *plan)
{
	auto_free char *path = xasprintf("%s" POSTFIX_PART, prefix);
	auto_buf text = BUF_INIT;
	if (!is_active) {
		plan_remove(plan, RANK_RELEASE, path, 0);
		return;
	}
	render_postfix(desired, &text);
	plan_file(plan, RANK_CONSUMERS, path, buf_text(&text), text.len,
	          (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID }, 0);
}

int directory_plan(const struct desired *desired, const struct mta_seen *seen,
                   struct plan *ret_plan, struct err *err)
{
	(void)seen;
	if (!desired) /* every file is ours alone */
		return 0;
	const struct opendkim_place place = {
		.prefix = desired->directory_path,
		.key = { 0600, FILE_KEEP_UID, FILE_KEEP_GID },
		.key_folder = { 0700, FILE_KEEP_UID, FILE_KEEP_GID },
		.table = { 0644, FILE_KEEP_UID, FILE_KEEP_GID },
	};
	const struct opendkim_setup setup = {
		.signs = desired->signs,
		.verifies = desired->verifies,
		.defers_dns_errors = desired->checks_dmarc,
		.socket = "local:" QUEUE_FOLDER "/opendkim/opendkim.sock",
		.authserv_id = desired->authserv_id,
	};
	bool is_active = desired->signs || desired->verifies;
	struct opendkim_plan found = { 0 };
	auto_networks internal = NETWORKS_INIT;
	postfix_signing_networks(desired, NULL, 0, &internal, ret_plan);
	int r = opendkim_plan_files(desired, &place, &setup, &internal, is_active,
	                            ret_plan, &found, err);
	if (r == 0)
		plan_postfix(desired, desired->directory_path, is_active, ret_plan);
	opendkim_plan_done(&found);
	return r;
}
