/* tests/unit/dnszone/dmarc/dmarc_world.h: the DNS of a case of $TESTDATA/dmarc/evaluation.tsv. */
#ifndef TESTS_UNIT_DNSZONE_DMARC_DMARC_WORLD_H
#define TESTS_UNIT_DNSZONE_DMARC_DMARC_WORLD_H

#include "tests/unit/resolver_mock.h"
#include "tests/unit/tsv.h"

/* "_dmarc.a.test=v=DMARC1; ...", "servfail:a.test", "timeout:a.test", "exists:a.test". */
static inline void world_add(struct resolver *mock, char *item)
{
	struct err err;
	auto_buf text = BUF_INIT;
	struct mock_row row = { NULL, "SERVFAIL", NULL };
	char *equals = strchr(item, '=');
	char *colon = strchr(item, ':');
	if (colon && (!equals || colon < equals)) {
		row.name = colon + 1;
		if (text_starts(item, "timeout:"))
			row.what = "TIMEOUT";
		if (text_starts(item, "exists:")) {
			row.what = "A";
			row.data = "192.0.2.1";
		} else {
			/* for every type, also where the case has a record, too */
			row.data = "TXT";
		}
		assert_int_equal(resolver_mock_add(mock, &row, &err), 0);
		return;
	}
	assert_non_null(equals);
	*equals = '\0';
	tsv_unescape(equals + 1, strlen(equals + 1), &text);
	/* the border of two character-strings: DNS joins them */
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] != '\x1f')
			text.at[len++] = text.at[i];
	assert_int_equal(resolver_mock_add_txt(mock, item, text.at, len, &err), 0);
}

/* Items between '|'; cuts `items`. */
static inline struct resolver *world_new(char *items)
{
	struct resolver *mock = resolver_mock_new(MOCK_OPEN);
	for (char *rest = items, *item; (item = strsep(&rest, "|"));)
		if (*item && strcmp(item, "-") != 0)
			world_add(mock, item);
	return mock;
}

#endif
