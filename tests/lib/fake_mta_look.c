/*
 * Faults of a host of fake_mta: whether mail flows now, whether it would after a reboot, whether
 * the servers run with the configuration in their files, and whether the keys that sign are
 * published.
 */
#include <dirent.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/base/library.h"
#include "core/base/text.h"
#include "core/mta/provider/policyd_conf.h"
#include "tests/lib/fake_mta.h"

#define ZONES "/var/lib/mailauthctl/zones"

/* Opened on demand: most calls of fake_mta take less than a millisecond without it. */
#define CALLS(CALL)                       \
	CALL(CRYPTO_free)                 \
	CALL(EVP_EncodeBlock)             \
	CALL(EVP_PKEY_free)               \
	CALL(EVP_PKEY_get_raw_public_key) \
	CALL(PEM_read_PrivateKey)         \
	CALL(i2d_PUBKEY)
LIBRARY(crypto, LIBRARY_CRYPTO, CALLS)

static unsigned findings;

__attribute__((format(printf, 1, 2))) static void found(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	findings++;
}

/* ---- what signs -------------------------------------------------------------------------------- */

/* The p= of a private key's record. */
static bool public_half(const char *path, struct buf *into)
{
	unsigned char raw[64], *der = NULL;
	size_t raw_len = sizeof(raw);
	FILE *file = fopen(path, "re");
	EVP_PKEY *key =
		file ? crypto()->PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
	int len = 0;
	if (key && crypto()->EVP_PKEY_get_raw_public_key(key, raw, &raw_len) == 1) {
		der = raw;
		len = (int)raw_len;
	} else if (key) {
		len = crypto()->i2d_PUBKEY(key, &der);
	}
	if (len > 0) {
		buf_reserve(into, (size_t)len * 2);
		into->len = (size_t)crypto()->EVP_EncodeBlock((unsigned char *)into->at,
		                                              der, len);
	}
	if (der != raw)
		crypto()->CRYPTO_free(der, __FILE__, __LINE__);
	crypto()->EVP_PKEY_free(key);
	if (file)
		fclose(file);
	return len > 0;
}

/* The zone as one text without blanks and quotes. */
static void read_zone(const char *domain, struct buf *into)
{
	auto_free char *path = xasprintf(ZONES "/%s.zone", domain);
	auto_buf text = BUF_INIT;
	fake_read(path, &text);
	for (const char *c = buf_text(&text); *c; c++)
		if (!strchr(" \t\n\"()", *c))
			buf_putc(into, *c);
}

static void look_at_signer(const char *whose, const char *config, const char *domain,
                           const char *name)
{
	auto_free char *key = fake_value(config, "key", name);
	auto_buf zone = BUF_INIT, public = BUF_INIT;
	const char *path = key ? strchr(key, '/') : NULL;
	if (!path) {
		found("%s: mail of %s is deferred: the KeyTable has no %s", whose, domain,
		      name);
		return;
	}
	if (!public_half(path, &public)) {
		found("%s: mail of %s is deferred: no key at %s", whose, domain, path);
		return;
	}
	read_zone(domain, &zone);
	if (!strstr(buf_text(&zone), buf_text(&public)))
		found("%s: %s signs with %s, which is not in its zone", whose, domain,
		      path);
}

static void look_at_signers(const char *whose, const char *config)
{
	for (const char *at = config; *at;) {
		size_t len = strcspn(at, "\n");
		auto_free char *line = xmemdup(at, len);
		char *rest = line;
		const char *kind = strsep(&rest, " "), *domain = strsep(&rest, " ");
		if (strcmp(kind, "sign") == 0 && rest)
			look_at_signer(whose, config, domain, rest);
		at += len + (at[len] == '\n');
	}
}

/* ---- who asks whom ------------------------------------------------------------------------------ */

/* The filter that signs: the one of smtpd_milters that is not mailauth-policyd. */
static char *named_filter(const char *postfix)
{
	auto_buf milters = BUF_INIT;
	fake_parameter(postfix, "smtpd_milters", &milters);
	for (const char *at = buf_text(&milters); (at = strstr(at, "unix:")); at++) {
		auto_free char *path =
			xasprintf("%.*s", (int)strcspn(at + 5, ", }"), at + 5);
		if (strcmp(path, POLICYD_SOCKET) != 0)
			return xasprintf(QUEUE "/%s", path);
	}
	return NULL;
}

static bool answers(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	bool does = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return does;
}

/* `main_cf`: of the configuration that a process of Postfix may have. */
static void look_at_policy(const char *whose, const char *main_cf, const char *master)
{
	static const char *const lists[] = { "smtpd_recipient_restrictions",
		                             "smtpd_milters" };
	for (unsigned i = 0; i < ARRAY_LEN(lists); i++) {
		auto_buf list = BUF_INIT;
		fake_parameter(main_cf, lists[i], &list);
		if (!strstr(buf_text(&list), POLICYD_SOCKET))
			continue;
		if (!strstr(master, "\n" POLICYD_SERVICE " "))
			found("%s: %s names mailauth-policyd, master.cf has no such "
			      "service",
			      whose, lists[i]);
		if (access(POLICYD_CONF, R_OK) < 0)
			found("%s: %s names mailauth-policyd, which has no " POLICYD_CONF,
			      whose, lists[i]);
	}
}

/* Now: processes of Postfix with the old main.cf, and new ones with the present file. */
static void look_now(const char *running, const char *files, const char *filter)
{
	bool is_named = false;
	const char *const configs[] = { running, files };
	static const char *const whose[] = { "now, a process of before", "now" };
	for (unsigned i = 0; i < ARRAY_LEN(configs); i++) {
		auto_free char *path = named_filter(configs[i]);
		if (path && !answers(path))
			found("%s: main.cf names the filter at %s, where nobody answers",
			      whose[i], path);
		look_at_policy(whose[i], configs[i], running);
		is_named = is_named || path;
	}
	if (!*running)
		found("now: Postfix does not run");
	if (is_named) /* otherwise no mail reaches it */
		look_at_signers("now", filter);
}

/* After a power failure here both start from their files. */
static void look_after_boot(const char *postfix)
{
	auto_buf filter = BUF_INIT;
	auto_free char *path = named_filter(postfix);
	if (!fake_config(OPENDKIM, &filter)) {
		found("after a restart: OpenDKIM does not start");
		return;
	}
	auto_free char *socket = fake_value(buf_text(&filter), "conf", "Socket");
	if (path && (!socket || strcmp(socket + strlen("local:"), path) != 0))
		found("after a restart: main.cf names the filter at %s, and it listens "
		      "at %s",
		      path, socket ? socket : "nothing");
	look_at_policy("after a restart", postfix, postfix);
	look_at_signers("after a restart", buf_text(&filter));
}

static void look_at_reloads(const char *postfix, const char *running)
{
	auto_buf filter = BUF_INIT, filter_runs = BUF_INIT;
	if (strcmp(postfix, running) != 0)
		found("Postfix runs with another configuration than its files");
	if (fake_config(OPENDKIM, &filter) && fake_running(OPENDKIM, &filter_runs) &&
	    strcmp(buf_text(&filter), buf_text(&filter_runs)) != 0)
		found("OpenDKIM runs with another configuration than its files");
}

unsigned fake_look(bool is_settled)
{
	auto_buf postfix = BUF_INIT, running = BUF_INIT, filter = BUF_INIT,
		 bad = BUF_INIT;
	fake_config(POSTFIX, &postfix);
	fake_running(POSTFIX, &running);
	fake_running(OPENDKIM, &filter);
	look_now(buf_text(&running), buf_text(&postfix), buf_text(&filter));
	look_after_boot(buf_text(&postfix));
	if (is_settled)
		look_at_reloads(buf_text(&postfix), buf_text(&running));
	if (fake_read("/fake/bad", &bad))
		found("%s", buf_text(&bad));
	return findings;
}

/* ---- a tree ------------------------------------------------------------------------------------ */

static struct buf tree;

/* /etc, and the files of a mail server in /var. */
static bool is_compared(const char *path, const struct stat *st)
{
	static const char *const wanted[] = { "./etc", "./var/spool" };
	bool is_wanted = false;
	for (unsigned i = 0; i < ARRAY_LEN(wanted); i++)
		is_wanted = is_wanted || text_starts(path, wanted[i]);
	return is_wanted && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) &&
	       !text_starts(path, "./var/spool/postfix/pid/") &&
	       !text_ends(path, ".mailauthctl-old");
}

static int add_path(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char hex[2 * DIGEST_LEN + 1] = "";
	(void)ftw;
	if (!is_compared(path, st))
		return 0;
	if (type == FTW_F && !text_ends(path, ".private")) {
		auto_buf text = BUF_INIT;
		struct digest digest;
		fake_read(path, &text);
		digest_of(buf_text(&text), text.len, &digest);
		digest_hex(&digest, hex);
	}
	buf_printf(&tree, "%s %o %u:%u %s\n", path, st->st_mode, st->st_uid, st->st_gid,
	           hex);
	return 0;
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int fake_tree(void)
{
	char **line = NULL, *save = NULL;
	size_t count = 0, room = 0;
	if (nftw(".", add_path, 32, FTW_PHYS) != 0)
		return 1;
	for (char *at = strtok_r(tree.at, "\n", &save); at;
	     at = strtok_r(NULL, "\n", &save)) {
		GROW(line, count, room);
		line[count++] = at;
	}
	qsort(line, count, sizeof(*line), by_line);
	for (size_t i = 0; i < count; i++)
		puts(line[i]);
	free(line);
	buf_done(&tree);
	return 0;
}
