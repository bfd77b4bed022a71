/* tests/unit/push_host.h: a fake host that follows stores, through the real backends.  Included by the
 * tests of the push's door, once each. */
#ifndef TESTS_UNIT_PUSH_HOST_H
#define TESTS_UNIT_PUSH_HOST_H

#include "tests/unit/fake_host.h"

#include "core/model/domain/domain.h"
#include "core/model/key/key_crypto.h"
#include "core/model/key/keyring.h"
#include "core/model/setting/setting.h"
#include "core/mta/provider/policyd_conf.h"
#include "core/mta/push/push.h"
#include "core/store/schema.h"

__attribute__((unused)) static struct store *store_at(struct host *host, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", host->root, name);
	struct store *store = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(chmod(host->root, 0700), 0);
	assert_int_equal(store_open(path, &schema_store, STORE_CREATE, &store, &err), 0);
	return store;
}

__attribute__((unused)) static void set(struct host *host, struct store *store,
                                        enum setting_key key, const char *text)
{
	struct err err = ERR_INIT;
	bool is_changed;

	assert_int_equal(store_begin(store, true, &err), 0);
	assert_int_equal(change_begin(store, &host->ctx, "test", &err), 0);
	assert_int_equal(setting_set(store, key, 0, NULL, text, &err), 0);
	assert_int_equal(change_end(store, &is_changed, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
}

/* A domain that signs. */
__attribute__((unused)) static void add_signing(struct host *host, struct store *store,
                                                const char *name)
{
	auto_domain domain = DOMAIN_INIT;
	auto_key_pair pair = { 0 };
	enum keyring_outcome outcome;
	struct err err = ERR_INIT;
	bool is_changed;

	assert_int_equal(key_generate("rsa", 1024, &pair, &err), 0);
	assert_int_equal(store_begin(store, true, &err), 0);
	assert_int_equal(change_begin(store, &host->ctx, "test", &err), 0);
	assert_int_equal(domain_add(store, &host->ctx, name, NULL, &domain, &err), 0);
	assert_int_equal(keyring_enable(store, &host->ctx, &domain, KEYS_OURS, &pair, 1,
	                                true, &outcome, &err),
	                 0);
	assert_int_equal(change_end(store, &is_changed, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
}

/* Its services are told and its probes ask; else it is a tree of files. */
__attribute__((unused)) static bool is_live;

enum outcome { FAILED, SAVED_ONLY, NOTHING, PUSHED };

/* What a command would do; the sentence of a failure or a reason is left in `text`. */
__attribute__((unused)) static enum outcome go(struct host *host, struct store *store,
                                               struct push_options options, char *text)
{
	struct err err = ERR_INIT;
	struct push *push = NULL;
	const char *why = NULL;
	enum outcome outcome = FAILED;

	host->ctx.is_rooted = !is_live;
	assert_int_equal(store_begin(store, true, &err), 0);
	if (push_prepare(&host->ctx, store, &options, NULL, false, &push, &why, &err) ==
	    0)
		outcome = push && push_plan(push)->count ? PUSHED
		          : why                          ? SAVED_ONLY
		                                         : NOTHING;
	strcpy(text, why ? why : err.text);
	/* a sentence that says what to run has that as its remedy, unless something comes first */
	if (outcome == FAILED && strstr(err.text, "run \"") &&
	    !strstr(err.text, "then run") &&
	    (!err.remedy[0] || !strstr(err.text, err.remedy)))
		fail_msg("remedy \"%s\": %s", err.remedy, err.text);
	store_rollback(store);
	if (push) {
		if (push_switch(push, &err))
			fail_msg("%s", err.text);
		push_free(push);
	}
	if (outcome != FAILED && push_learn(&host->ctx, store, &err))
		fail_msg("%s", err.text);
	return outcome;
}

__attribute__((unused)) static int64_t host_generation(struct host *host,
                                                       struct store *store)
{
	struct err err = ERR_INIT;
	int64_t gen = -1;

	assert_int_equal(push_host_generation(&host->ctx, store, &gen, &err), 0);
	return gen;
}

__attribute__((unused)) static const struct push_options ordinary,
	adopt = { .is_adoption = true }, asked = { .is_explicit = true },
	removal = { .remove = true };

__attribute__((unused)) static void postfix_at(struct host *host)
{
	put(host->root, "/etc/postfix/master.cf",
	    "smtp      inet  n       -       y       -       -       smtpd\n"
	    "cleanup   unix  n       -       y       -       0       cleanup\n",
	    0644);
	put(host->root, "/etc/opendkim.conf", "Syslog yes\nUserID opendkim\n", 0644);
	put(host->root, "/etc/passwd",
	    "root:x:0:0::/root:/bin/sh\npostfix:x:101:101::/:/bin/false\n"
	    "opendkim:x:102:102::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n",
	    0644);
	put(host->root, POLICYD_PATH, "", 0755);
	put(host->root, "/etc/group", "root:x:0:\npostfix:x:101:\nopendkim:x:102:\n",
	    0644);
}

__attribute__((unused)) static void assert_file(struct host *host, const char *path,
                                                const char *part, bool has_part)
{
	struct err err = ERR_INIT;
	auto_buf text = BUF_INIT;

	if (file_read(&host->ctx, path, 1 << 20, &text, NULL, &err) != 0)
		buf_clear(&text);
	assert_int_equal(strstr(buf_text(&text), part) != NULL, has_part);
}

#endif
