/* The secrets of SRS: which one signs, how long the others verify, and that nothing shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/model/setting/setting.h"
#include "core/model/setting/srs_secret.h"
#include "core/store/change.h"
#include "core/store/schema.h"

#define DAY 86400

static int64_t clock_now;

static int64_t fake_now(const struct ctx *ctx)
{
	(void)ctx;
	return clock_now;
}

struct fixture {
	struct ctx ctx;
	struct store *store;
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct err err = ERR_INIT;
	assert_int_equal(ctx_init(&f->ctx, NULL, &err), 0);
	f->ctx.now = fake_now;
	clock_now = 1000 * DAY;
	assert_int_equal(store_open_memory(&schema_store, &f->store, &err), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	store_close(f->store);
	ctx_done(&f->ctx);
	free(f);
	return 0;
}

enum act { MAKE, PUT, FORGET, ENSURE, ON };

/* One change of its own; its code, with the sentence in `why`. */
static int act(struct fixture *f, enum act what, const char *text, struct err *why)
{
	struct err err = ERR_INIT;
	auto_secret secret = SECRET_INIT;
	bool is_changed = false;
	int r = -1;
	assert_int_equal(store_begin(f->store, true, &err), 0);
	assert_int_equal(change_begin(f->store, &f->ctx, "test", &err), 0);
	if (text)
		secret_set(&secret, text, strlen(text));
	switch (what) {
	case MAKE:
		r = srs_secret_make(f->store, &f->ctx, why);
		break;
	case PUT:
		r = srs_secret_put(f->store, &f->ctx, &secret, why);
		break;
	case FORGET:
		r = srs_secret_forget(f->store, why);
		break;
	case ENSURE:
		r = srs_secret_ensure(f->store, &f->ctx, why);
		break;
	case ON:
		r = setting_set(f->store, SET_SRS_ENABLED, 0, NULL, text, why);
		break;
	}
	assert_int_equal(change_end(f->store, &is_changed, &err), 0);
	if (r == 0)
		assert_int_equal(store_commit(f->store, &err), 0);
	else
		store_rollback(f->store);
	return r;
}

static void does(struct fixture *f, enum act what, const char *text)
{
	struct err err = ERR_INIT;
	if (act(f, what, text, &err) != 0)
		fail_msg("%s", err.text);
}

static char *lines(struct fixture *f)
{
	auto_secret text = SECRET_INIT;
	struct err err = ERR_INIT;
	assert_int_equal(srs_secret_lines(f->store, &text, &err), 0);
	return xmemdup(text.at ? (const char *)text.at : "", text.len);
}

static void assert_lines(struct fixture *f, const char *want)
{
	auto_free char *got = lines(f);
	assert_string_equal(got, want);
}

static char *fingerprint(struct fixture *f)
{
	struct err err = ERR_INIT;
	char *text = NULL;
	assert_int_equal(srs_secret_fingerprint(f->store, &text, &err), 0);
	return text;
}

static void test_first_use(void **state)
{
	struct fixture *f = *state;
	does(f, ENSURE, NULL);
	assert_lines(f, "");
	assert_null(fingerprint(f));
	does(f, ON, "on");
	does(f, ENSURE, NULL);
	auto_free char *first = lines(f), *shown = fingerprint(f);
	assert_int_equal(strlen(first), 33);
	assert_int_equal(strspn(first,
	                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                        "0123456789+/"),
	                 32);
	assert_int_equal(strlen(shown), strlen("SHA256:") + 16);
	does(f, ENSURE, NULL);
	assert_lines(f, first);
	does(f, MAKE, NULL);
	auto_free char *both = lines(f), *other = fingerprint(f);
	assert_int_equal(strlen(both), 66);
	assert_string_equal(both + 33, first);
	assert_string_not_equal(shown, other);
}

static void test_rotation(void **state)
{
	struct fixture *f = *state;
	does(f, PUT, "secret-number-one");
	clock_now += DAY;
	does(f, PUT, "secret-number-two\n");
	assert_lines(f, "secret-number-two\nsecret-number-one\n");
	does(f, PUT, "secret-number-two\r\n"); /* what signs already */
	assert_lines(f, "secret-number-two\nsecret-number-one\n");
	does(f, PUT, "secret-number-one"); /* an older one signs again */
	assert_lines(f, "secret-number-one\nsecret-number-two\n");
	/* the second stopped at day 1 and is kept for 30 days from there */
	clock_now += 30 * DAY;
	does(f, PUT, "secret-number-three");
	assert_lines(f, "secret-number-three\nsecret-number-one\nsecret-number-two\n");
	clock_now += 1;
	does(f, PUT, "secret-number-four");
	assert_lines(f, "secret-number-four\nsecret-number-three\nsecret-number-one\n");
}

static void test_values(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *text;
		bool is_good;
	} rows[] = {
		{ "0123456789abcdef", true },
		{ "0123456789abcde", false },
		{ "0123456789abcdef\n\n", false },
		{ "0123456789 abcdef", false },
		{ "0123456789\tabcdef", false },
		{ "0123456789abcd\xc3\xa4", false },
		{ "", false },
		{ "\n", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int r = act(f, PUT, rows[i].text, &err);
		if (r != (rows[i].is_good ? 0 : ERR_USAGE))
			fail_msg("row %zu: %d %s", i, r, err.text);
		if (r < 0 && *rows[i].text > '\n')
			assert_null(strstr(err.text, rows[i].text));
	}
	char longest[257];
	struct err err = ERR_INIT;
	memset(longest, 'x', sizeof(longest));
	longest[256] = '\0';
	assert_int_equal(act(f, PUT, longest, &err), ERR_USAGE);
	does(f, PUT, longest + 1);
}

static void test_forget(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	does(f, FORGET, NULL);
	does(f, ON, "on");
	does(f, PUT, "secret-number-one");
	assert_int_equal(act(f, FORGET, NULL, &err), ERR_FAILED);
	assert_non_null(strstr(err.text, "srs.secret generate"));
	assert_lines(f, "secret-number-one\n");
	does(f, ON, "off");
	does(f, FORGET, NULL);
	assert_lines(f, "");
}

static int look_at(void *arg, const struct change_item *item, struct err *err)
{
	int *seen = arg;
	(void)err;
	if (strcmp(item->object, "secret") != 0)
		return 0;
	++*seen;
	assert_string_equal(item->field, "srs.secret");
	assert_true(!item->old || strncmp(item->old, "SHA256:", 7) == 0);
	assert_true(!item->new_value || strncmp(item->new_value, "SHA256:", 7) == 0);
	return 0;
}

static int look_at_change(void *arg, const struct change_row *row, struct err *err)
{
	void **args = arg;
	return change_items(args[0], row->id, look_at, args[1], err);
}

static void test_audit(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	int seen = 0;
	void *args[] = { f->store, &seen };
	does(f, PUT, "secret-number-one");
	does(f, MAKE, NULL);
	does(f, FORGET, NULL);
	const struct change_filter all = { 0 };
	assert_int_equal(change_each(f->store, &all, look_at_change, args, &err), 0);
	assert_int_equal(seen, 3);
}

/* The settings table never takes one. */
static void test_not_a_setting(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	assert_int_equal(store_begin(f->store, true, &err), 0);
	assert_int_equal(change_begin(f->store, &f->ctx, "test", &err), 0);
	assert_int_equal(setting_set(f->store, SET_SRS_SECRET, 0, NULL, "generate", &err),
	                 ERR_USAGE);
	store_rollback(f->store);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* Whether the octets stand in the database's files. */
static bool is_on_disk(const char *path, const char *octets)
{
	static const char *const suffixes[] = { "", "-wal" };
	bool is_there = false;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		auto_free char *name = xasprintf("%s%s", path, suffixes[i]);
		FILE *file = fopen(name, "re");
		char *text = xcalloc(1, 1 << 22);
		size_t len = file ? fread(text, 1, 1 << 22, file) : 0;
		is_there |= memmem(text, len, octets, strlen(octets)) != NULL;
		free(text);
		if (file)
			fclose(file);
	}
	return is_there;
}

/* A secret that is not used any more is not in the files either, the write-ahead log included; the
 * database stays open, as it does in a command that goes on. */
static void test_no_trace(void **state)
{
	static const char old_text[] = "first-secret-0123456789",
			  new_text[] = "second-secret-012345";
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	char folder[] = "/tmp/test_srs_secret.XXXXXX";
	assert_non_null(mkdtemp(folder));
	auto_free char *path = xasprintf("%s/store.db", folder);
	store_close(f->store);
	assert_int_equal(store_open(path, &schema_store, STORE_CREATE, &f->store, &err),
	                 0);
	does(f, PUT, old_text);
	assert_true(is_on_disk(path, old_text));
	does(f, FORGET, NULL);
	assert_false(is_on_disk(path, old_text));
	/* one that was replaced, when its days are over */
	does(f, PUT, old_text);
	clock_now += DAY;
	does(f, PUT, new_text);
	assert_true(is_on_disk(path, old_text));
	clock_now += (SRS_SECRET_KEPT_DAYS + 1) * DAY;
	does(f, MAKE, NULL);
	clock_now += (SRS_SECRET_KEPT_DAYS + 1) * DAY;
	does(f, MAKE, NULL);
	assert_false(is_on_disk(path, old_text));
	store_close(f->store);
	assert_int_equal(store_open_memory(&schema_store, &f->store, &err), 0);
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		auto_free char *name = xasprintf("%s%s", path, suffixes[i]);
		unlink(name);
	}
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_first_use), ROW(test_rotation), ROW(test_values),
		ROW(test_forget),    ROW(test_audit),    ROW(test_not_a_setting),
		ROW(test_no_trace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
