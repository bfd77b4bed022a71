/* Addresses and features of servers that are reached over an interface. */
#include "core/mta/provider/offer.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/model/setting/env.h"
#include "core/model/setting/setting.h"

#define FILE_LIMIT ((size_t)4096)

static int read_text(struct store *store, enum setting_key key, char **ret_text,
                     struct err *err)
{
	int r = setting_text(store, key, 0, ret_text, err);
	if (r == 0 && *ret_text && !**ret_text) {
		free(*ret_text);
		*ret_text = NULL;
	}
	return r;
}

int offer_read_address(struct ctx *ctx, struct store *store, char **ret_url,
                       char **ret_credentials, struct err *err)
{
	*ret_url = *ret_credentials = NULL;
	int r = read_text(store, SET_MTA_URL, ret_url, err);
	if (r == 0)
		r = read_text(store, SET_MTA_CREDENTIALS_FILE, ret_credentials, err);
	if (r != 0)
		return r;
	if (!*ret_url) {
		err_set(err, ERR_FAILED, _("the address of the mail server is not set"));
		return err_add_remedy(err, "mailauthctl server set mta.url <url>");
	}
	return ctx->is_rooted ? err_set(err, ERR_FAILED,
	                                _("with --root, %s is not asked"), *ret_url)
	                      : 0;
}

/* The host in a URL, if others can resolve it; the caller frees. */
static char *host_of(const char *url)
{
	const char *at = strstr(url, "://");
	if (!at)
		return NULL;
	auto_free char *host = xmemdup(at + 3, strcspn(at + 3, ":/"));
	struct in_addr address;
	return env_is_public_name(host) && inet_pton(AF_INET, host, &address) != 1
	               ? xstrdup(host)
	               : NULL;
}

/* The rest of the line that starts with `name` and a blank; NULL: none.  The caller frees. */
static char *line_of(struct ctx *ctx, const char *path, const char *name)
{
	auto_buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	size_t len = strlen(name);
	if (file_read(ctx, path, FILE_LIMIT, &text, NULL, &ignored) != 0)
		return NULL;
	for (const char *line = buf_text(&text); *line;) {
		size_t end = strcspn(line, "\n");
		if (end > len && line[len] == ' ' && memcmp(line, name, len) == 0)
			return xmemdup(line + len + 1, end - len - 1);
		line += end + (line[end] == '\n');
	}
	return NULL;
}

int offer_detect(struct ctx *ctx, struct store *store, const char *path,
                 struct mta_found *ret_found, struct err *err)
{
	auto_free char *url = NULL;
	int r = read_text(store, SET_MTA_URL, &url, err);
	if (r != 0)
		return r;
	*ret_found = (struct mta_found){
		.is_installed = url != NULL,
		.is_running = url != NULL,
		.version = url ? line_of(ctx, path, "version") : NULL,
		.hostname = url ? host_of(url) : NULL,
		.why_not = url ? NULL : xstrdup(_("mta.url is not set")),
	};
	return 0;
}

void offer_plan(struct plan *plan, const char *path, const char *version,
                const struct offer *offers, size_t count)
{
	auto_buf text = BUF_INIT;
	buf_puts(&text, "# what the mail server was found to offer\n");
	if (version && text_is_clean(version))
		buf_printf(&text, "version %s\n", version);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s %s\n", feature_table[offers[i].feature].setting,
		           offers[i].is_there ? "yes" : "no");
	plan_file(plan, RANK_LEFTOVERS, path, buf_text(&text), text.len,
	          (struct file_meta){ 0644, FILE_KEEP_UID, FILE_KEEP_GID }, 0);
}

void offer_look(struct ctx *ctx, const char *path, enum mta_feature feature,
                const char *nearest, struct feature_support *support)
{
	auto_free char *word = line_of(ctx, path, feature_table[feature].setting);
	if (word && strcmp(word, "yes") == 0)
		*support = (struct feature_support){ .level = SUPPORT_YES };
	else if (word)
		*support = (struct feature_support){ .level = SUPPORT_NO,
			                             .nearest = nearest };
}
