/* The state of a Postfix host before a push: its own files, then each part's. */
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/network.h"
#include "core/mta/host/item_list.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_observed.h"
#include "core/mta/postfix/postfix_part.h"
#include "core/mta/postfix/postfix_render.h"

void postfix_observed_free(struct postfix_observed *observed)
{
	if (!observed)
		return;
	postfix_host_done(&observed->host);
	free(observed->main_path);
	free(observed->master_path);
	buf_done(&observed->main_cf);
	buf_done(&observed->master_cf);
	for (size_t i = 0; i < observed->networks; i++)
		free(observed->network[i]);
	free(observed->network);
	free(observed->world);
	filter_tables_done(&observed->filters);
	for (size_t i = 0; i < postfix_part_count; i++)
		postfix_parts[i]->observed_done(observed);
	free(observed);
}

int postfix_read_if_there(struct ctx *ctx, const char *path, struct buf *into,
                          struct err *err)
{
	int r = file_read(ctx, path, POSTFIX_FILE_LIMIT, into, NULL, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : 1;
}

/* An open relay's mynetworks does not list the hosts whose mail is ours. */
static void add_network(struct postfix_observed *observed, const char *text)
{
	struct network net;
	if (network_parse(text, &net) && !net.is_excluded && network_is_world(&net)) {
		if (!observed->world)
			observed->world = xstrdup(text);
		return;
	}
	GROW(observed->network, observed->networks, observed->network_room);
	observed->network[observed->networks++] = xstrdup(text);
}

/* mynetworks: "/file" contains more of them, one or several per line, '#' begins a comment line. */
static int read_networks(struct ctx *ctx, struct postfix_observed *observed,
                         struct err *err)
{
	const char *at = observed->host.networks ? observed->host.networks : "";
	auto_buf item = BUF_INIT;
	while (item_list_next(&at, &item)) {
		auto_buf text = BUF_INIT, line = BUF_INIT, part = BUF_INIT;
		if (*buf_text(&item) != '/') {
			add_network(observed, buf_text(&item));
			continue;
		}
		int r = postfix_read_if_there(ctx, buf_text(&item), &text, err);
		if (r < 0)
			return r;
		for (const char *c = buf_text(&text); *c;) {
			size_t len = strcspn(c, "\n");
			buf_clear(&line);
			if (c[strspn(c, " \t")] != '#')
				buf_add(&line, c, len);
			const char *inner = buf_text(&line);
			while (item_list_next(&inner, &part))
				add_network(observed, buf_text(&part));
			c += len + (c[len] == '\n');
		}
	}
	return 0;
}

/* Whether the Postfix whose configuration is in `folder` accepts mail that local filters return;
 * one that cannot be read does not count. */
static bool accepts_returned(struct ctx *ctx, const char *folder)
{
	auto_free char *main_path = path_join(folder, "main.cf");
	auto_free char *master_path = path_join(folder, "master.cf");
	auto_buf main_text = BUF_INIT, master_text = BUF_INIT;
	auto_main_cf main = MAIN_CF_INIT;
	auto_master_cf master = MASTER_CF_INIT;
	struct err ignored = ERR_INIT;
	if (postfix_read_if_there(ctx, main_path, &main_text, &ignored) <= 0 ||
	    postfix_read_if_there(ctx, master_path, &master_text, &ignored) <= 0)
		return false;
	main_cf_parse(&main, buf_text(&main_text), main_text.len);
	master_cf_parse(&master, buf_text(&master_text), master_text.len);
	return filter_is_returned_here(&main, &master);
}

static int read_filters(struct ctx *ctx, struct postfix_observed *observed,
                        struct err *err)
{
	auto_buf admin = BUF_INIT, item = BUF_INIT;
	auto_main_cf main = MAIN_CF_INIT;
	auto_master_cf master = MASTER_CF_INIT;
	main_cf_strip(buf_text(&observed->main_cf), observed->main_cf.len, &admin);
	main_cf_parse(&main, buf_text(&admin), admin.len);
	master_cf_parse(&master, buf_text(&observed->master_cf), observed->master_cf.len);
	const char *at = observed->host.instances ? observed->host.instances : "";
	while (!observed->is_returned_elsewhere && item_list_next(&at, &item))
		observed->is_returned_elsewhere = accepts_returned(ctx, buf_text(&item));
	return filter_tables_read(ctx, &main, &master, &observed->filters, err);
}

static int read_postfix(struct ctx *ctx, struct postfix_observed *observed,
                        struct err *err)
{
	auto_free char *main_path = path_join(observed->host.config_dir, "main.cf");
	auto_free char *master_path = path_join(observed->host.config_dir, "master.cf");
	int r = file_real_path(ctx, main_path, &observed->main_path, err);
	if (r == 0)
		r = file_read(ctx, observed->main_path, POSTFIX_FILE_LIMIT,
		              &observed->main_cf, NULL, err);
	if (r == 0)
		r = postfix_read_if_there(ctx, master_path, &observed->master_cf, err);
	if (r > 0)
		r = file_real_path(ctx, master_path, &observed->master_path, err);
	if (r >= 0)
		r = read_networks(ctx, observed, err);
	return r < 0 ? r : read_filters(ctx, observed, err);
}

/* Below a root: accounts that cannot be read are not accounts that do not exist. */
static int check_accounts(struct ctx *ctx, struct err *err)
{
	static const char *const files[] = { "/etc/passwd", "/etc/group" };
	for (size_t i = 0; ctx->is_rooted && i < ARRAY_LEN(files); i++) {
		auto_buf text = BUF_INIT;
		int r = postfix_read_if_there(ctx, files[i], &text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int postfix_observe(struct ctx *ctx, struct store *store,
                    struct postfix_observed **ret_observed, struct err *err)
{
	struct postfix_observed *observed = xcalloc(1, sizeof(*observed));
	observed->is_rooted = ctx->is_rooted;
	observed->store = store;
	int r = postfix_host_read(ctx, store, &observed->host, err);
	if (r == 0 && observed->host.is_installed)
		r = read_postfix(ctx, observed, err);
	if (r == 0)
		r = check_accounts(ctx, err);
	observed->postfix_gid = FILE_KEEP_GID;
	gid_t gid;
	if (r == 0 && file_group_id(ctx, "postfix", &gid))
		observed->postfix_gid = gid;
	for (size_t i = 0; r == 0 && i < postfix_part_count; i++)
		r = postfix_parts[i]->observe(ctx, observed, err);
	if (r < 0) {
		postfix_observed_free(observed);
		return r;
	}
	observed->store = NULL;
	*ret_observed = observed;
	return 0;
}
