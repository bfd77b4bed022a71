/* owned_file: files that were ours before the table was lost. */
#include "tests/unit/fake_host.h"

static void claim(struct plan *plan, const char *path, const char *text, bool is_secret)
{
	GROW(plan->claim, plan->claims, plan->claim_room);
	struct plan_claim *one = &plan->claim[plan->claims++];
	*one = (struct plan_claim){ .path = xstrdup(path),
		                    .domain = is_secret ? xstrdup("example.com") : NULL,
		                    .meta = FILE_META_KEEP,
		                    .is_secret = is_secret };
	digest_of(text, strlen(text), &one->value);
}

/* What stands is what was pushed last, but of secrets no content is kept; what is known already stays
 * known as it is. */
static void test_claim(void **state)
{
	static const char *const claimed[] = { "/etc/mailauthctl", NULL };
	struct host *host = *state;
	struct err err = ERR_INIT;
	for (unsigned round = 0; round < 2; round++) {
		auto_plan plan = { .claimed = claimed };
		auto_buf text = BUF_INIT;
		const char *content = round ? "other\n" : "ours\n";
		put(host->root, "/etc/mailauthctl/table", content, 0644);
		put(host->root, KEY, "SECRET\n", 0600);
		claim(&plan, "/etc/mailauthctl/table", content, false);
		claim(&plan, KEY, "SECRET\n", true);
		assert_int_equal(owned_claim(&host->ctx, host->target, &plan, &err), 0);
		assert_int_equal(owned_content(host->target, "/etc/mailauthctl/table", 0,
		                               &text, &err),
		                 1);
		assert_string_equal(buf_text(&text), "ours\n");
		assert_int_equal(owned_content(host->target, KEY, 0, &text, &err), 0);
		int64_t count = 0;
		assert_int_equal(
			store_get_int(host->target, &count, &err,
		                      "SELECT count(*) FROM owned WHERE object IN "
		                      "('dir:/etc/mailauthctl', ?, ?)",
		                      "tt", "file:/etc/mailauthctl/table", "file:" KEY),
			1);
		assert_int_equal(count, 3);
		assert_int_equal(
			store_get_int(host->target, &count, &err,
		                      "SELECT count(*) FROM owned WHERE secret = 1 "
		                      "AND domain = 'example.com'",
		                      ""),
			1);
		assert_int_equal(count, 1);
		assert_int_equal(
			store_get_int(host->target, &count, &err,
		                      "SELECT count(*) FROM owned WHERE object IN "
		                      "('dir:/etc/dkimkeys/example.com', 'dir:/etc')",
		                      ""),
			1);
		assert_int_equal(count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_claim, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
