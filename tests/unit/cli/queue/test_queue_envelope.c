/* What a queue program of qmail is given: the Received field on top, and the words of a refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/queue/queue_envelope.h"
#include "core/base/macro.h"

static void test_received(void **state)
{
	static const struct {
		const char *text, *helo;
		bool is_authenticated;
	} rows[] = {
		{ "Received: from unknown (HELO a.example) (192.0.2.1)\n  by mx with SMTP; x\n",
		  "a.example", false },
		{ "Received: from a.example (192.0.2.1)\n  by mx with ESMTP; x\n",
		  "a.example", false },
		{ "Received: from a (HELO b) (u@192.0.2.1)\n  by mx with ESMTPA; x\n",
		  "b", true },
		{ "Received: from a (HELO b) (192.0.2.1)\n  by mx with ESMTPSA; x\n", "b",
		  true },
		{ "Received: from a (HELO b) (192.0.2.1)\n  by mx with ESMTPS; x\n", "b",
		  false },
		{ "Received: from a (HELO b) (192.0.2.1)\n  by mx with (cipher ESMTPA) SMTP; x\n",
		  "b", false },
		{ "Received-SPF: pass (mx: x)\n\treceiver=mx;\nReceived: from a (HELO b) (1)\n  by m with SMTP; x\n",
		  "b", false },
		{ "X: y\nReceived: from a (HELO b) (1)\n  by m with ESMTPA; x\n", "",
		  false },
		{ "Received: from a (HELO b) (1)\nX: y\n  by m with ESMTPA; x\n", "b",
		  false },
		{ "Received: from a (HELO with?ESMTPA) (1)\n  by m with SMTP; x\n",
		  "with?ESMTPA", false },
		{ "Received: ", "", false },
		{ "Received-SPF: x", "", false },
		{ "", "", false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct queue_client client;

		queue_read_received(rows[i].text, strlen(rows[i].text), &client);
		if (strcmp(client.helo, rows[i].helo) != 0 ||
		    client.is_authenticated != rows[i].is_authenticated)
			fail_msg("row %zu: \"%s\" %d", i, client.helo,
			         client.is_authenticated);
	}
}

static void test_reply(void **state)
{
	static const struct {
		const char *words;
		bool is_final;
		const char *reply;
	} rows[] = {
		{ "550 5.7.1 DMARC of a.example", true, "DDMARC of a.example (#5.7.1)" },
		{ "451 4.7.0 later\nmore", false, "Zlater (#4.7.0)" },
		{ "", true, "Dmail is refused (#5.7.1)" },
		{ "", false, "Zmail is refused (#4.7.1)" },
		{ "5 apples \x01\xff", true, "D5 apples ?? (#5.7.1)" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char reply[256];

		queue_reply(rows[i].words, rows[i].is_final, reply, sizeof(reply));
		assert_string_equal(reply, rows[i].reply);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_received),
		cmocka_unit_test(test_reply),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
