/*
 * A DomainKeys tree: folders named after domains, in them files named after selectors.  Names that
 * begin with a dot are passed over; what else is not a domain, a selector or a key is reported.
 */
#include "core/model/import_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/secret.h"
#include "core/model/key_crypto.h"
#include "core/model/keyring.h"
#include "core/model/publish.h"
#include "core/model/records.h"
#include "core/model/setting.h"
#include "dnszone/name.h"

#define KEY_FILE_LIMIT 65536

struct tree {
	struct ctx *ctx;
	struct store *store;
	bool is_sign_now;
	void (*imported)(void *arg, const char *domain);
	void *arg;
	struct import_result result;
};

int import_key(struct ctx *ctx, struct store *store, const char *domain_name,
               const char *selector_text, const void *octets, size_t len,
               bool is_enabling, bool is_sign_now, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	auto_key_pair pair = { 0 };
	char selector[NAME_SIZE];
	bool signs;
	int r = name_parse_selector(selector_text, selector, err);
	if (r >= 0)
		r = domain_find(store, domain_name, &domain, err);
	if (r >= 0)
		r = key_parse_private(octets, len, &pair, err);
	if (r >= 0)
		r = setting_bool(store, SET_DKIM_SIGN, domain.id, &signs, err);
	if (r >= 0 && is_enabling && !signs) {
		r = keyring_check_enable(store, &domain, err);
		if (r >= 0)
			r = setting_set(store, SET_DKIM_SIGN, domain.id, domain.name,
			                "on", err);
	}
	if (r >= 0)
		r = keyring_import(store, ctx, &domain, selector, &pair, err);
	if (r >= 0)
		r = is_sign_now ? publish_mark(store, ctx, &domain, 0, KEY_SAID, err)
		                : publish_refresh(store, ctx, &domain, err);
	if (r >= 0)
		r = records_check_domain(store, &domain, err);
	return r;
}

/* The content of a regular file; links are not followed. */
static int read_key_file(int dir_fd, const char *name, struct secret *ret_octets,
                         struct err *err)
{
	char octets[KEY_FILE_LIMIT];
	struct stat st;
	auto_close int fd =
		openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, errno, _("cannot read it"));
	if (!S_ISREG(st.st_mode) || st.st_size > KEY_FILE_LIMIT)
		return err_set(err, ERR_FAILED,
		               _("it is not a regular file of at most 64 KiB"));
	ssize_t len = read(fd, octets, sizeof(octets));
	if (len < 0)
		return err_errno(err, errno, _("cannot read it"));
	secret_set(ret_octets, octets, (size_t)len);
	explicit_bzero(octets, sizeof(octets));
	return 0;
}

static int add_domain(struct tree *tree, const char *name, struct err *err)
{
	auto_domain domain = DOMAIN_INIT;
	char canonical[NAME_SIZE];
	int r = name_parse_domain(name, canonical, err);
	if (r >= 0)
		r = domain_look(tree->store, canonical, &domain, err);
	if (r == 0)
		r = domain_add(tree->store, tree->ctx, canonical, NULL, &domain, err);
	return r < 0 ? r : 0;
}

static void fail(struct tree *tree, const char *domain, const char *selector,
                 struct err *err)
{
	ctx_report(tree->ctx, REPORT_ERROR, "%s/%s: %s", domain, selector, err->text);
	err_clear(err);
	tree->result.failed++;
}

/* Each key stands alone: one that fails after it began is taken back to its savepoint. */
static int import_file(struct tree *tree, int dir_fd, const char *domain,
                       const char *selector, struct err *err)
{
	auto_secret octets = SECRET_INIT;
	int r = store_part_begin(tree->store, err);
	if (r < 0)
		return r;
	r = read_key_file(dir_fd, selector, &octets, err);
	if (r >= 0)
		r = add_domain(tree, domain, err);
	if (r >= 0)
		r = import_key(tree->ctx, tree->store, domain, selector, octets.at,
		               octets.len, true, tree->is_sign_now, err);
	if (r < 0) {
		fail(tree, domain, selector, err);
		return store_part_end(tree->store, false, err);
	}
	tree->result.imported++;
	tree->imported(tree->arg, domain);
	return store_part_end(tree->store, true, err);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int import_domain(struct tree *tree, int root_fd, const char *domain,
                         struct err *err)
{
	int fd = openat(root_fd, domain, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	cleanup(close_dir) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		err_errno(err, errno, _("cannot read the folder"));
		fail(tree, domain, "", err);
		return 0;
	}
	int r = 0;
	for (const struct dirent *one; r >= 0 && (one = readdir(dir));)
		if (one->d_name[0] != '.')
			r = import_file(tree, dirfd(dir), domain, one->d_name, err);
	return r;
}

int import_tree(struct ctx *ctx, struct store *store, const char *host_dir,
                bool is_sign_now, void (*imported)(void *arg, const char *domain),
                void *arg, struct import_result *ret_result, struct err *err)
{
	struct tree tree = { ctx, store, is_sign_now, imported, arg, { 0, 0 } };
	cleanup(close_dir) DIR *dir = opendir(host_dir);
	if (!dir)
		return err_errno(err, errno, _("cannot read the folder %s"), host_dir);
	int r = 0;
	for (const struct dirent *one; r >= 0 && (one = readdir(dir));) {
		struct stat st;
		if (one->d_name[0] == '.' ||
		    fstatat(dirfd(dir), one->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISDIR(st.st_mode))
			continue;
		r = import_domain(&tree, dirfd(dir), one->d_name, err);
	}
	if (r < 0)
		return r;
	*ret_result = tree.result;
	return 0;
}
