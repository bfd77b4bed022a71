/* Names of key files: what kind of file, which domain and selector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/life/import_name.h"

static const struct kind_row {
	const char *name;
	enum import_name_kind kind;
	const char *stem; /* NULL: not looked at */
} kinds[] = {
	{ "default", IMPORT_NAME_PLAIN, "default" },
	{ "mail.private", IMPORT_NAME_KEY, "mail" },
	{ "mail.Private", IMPORT_NAME_KEY, "mail" },
	{ "mail.private.pem", IMPORT_NAME_KEY, "mail" },
	{ "mail.key.pem", IMPORT_NAME_KEY, "mail" },
	{ "mail.rsa.key", IMPORT_NAME_KEY, "mail" },
	{ "mail.rsa", IMPORT_NAME_PLAIN, "mail.rsa" },
	{ "example.com.dkim.key", IMPORT_NAME_KEY, "example.com.dkim" },
	{ "17.dkim-key", IMPORT_NAME_KEY, "17" },
	{ "x-example.com.private.txt", IMPORT_NAME_KEY, "x-example.com" },
	{ ".private", IMPORT_NAME_PLAIN, ".private" },
	{ "mail.old", IMPORT_NAME_BACKUP, NULL },
	{ "mail.private.OLD", IMPORT_NAME_BACKUP, NULL },
	{ "mail.old.private", IMPORT_NAME_BACKUP, NULL },
	{ "mail.private.bak.2", IMPORT_NAME_BACKUP, NULL },
	{ "mail.private.old3", IMPORT_NAME_BACKUP, NULL },
	{ "mail.private~", IMPORT_NAME_BACKUP, NULL },
	{ "mail.private.orig", IMPORT_NAME_BACKUP, NULL },
	{ "mail.private.dpkg-dist", IMPORT_NAME_BACKUP, NULL },
	{ "mail.pem.ucf-old", IMPORT_NAME_BACKUP, NULL },
	{ "#mail.private#", IMPORT_NAME_BACKUP, NULL },
	{ "golden.private", IMPORT_NAME_KEY, "golden" }, /* "old" is within */
	{ "s1", IMPORT_NAME_PLAIN, "s1" },
	{ "2024", IMPORT_NAME_PLAIN, "2024" },
	{ "mail.txt", IMPORT_NAME_COMPANION, "mail" },
	{ "mail.public.dns.txt", IMPORT_NAME_COMPANION, "mail" },
	{ "mail.pub.pem", IMPORT_NAME_COMPANION, NULL },
	{ "mail.pub", IMPORT_NAME_COMPANION, NULL },
	{ "mail.txt.bak", IMPORT_NAME_BACKUP, NULL },
};

static void names_have_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct import_name read = import_name_read(kinds[i].name);
		if (read.kind != kinds[i].kind)
			fail_msg("%s: kind %d", kinds[i].name, read.kind);
		auto_free char *stem = xmemdup(kinds[i].name, read.stem_len);
		if (kinds[i].stem)
			assert_string_equal(stem, kinds[i].stem);
	}
}

static bool knows(void *arg, const char *domain)
{
	return arg && strcmp(arg, domain) == 0;
}

static const struct split_row {
	const char *stem;
	bool is_private;
	const char *folder, *known;
	const char *domain, *selector;
	enum import_split split;
} splits[] = {
	{ "mail", true, NULL, NULL, "", "", IMPORT_SPLIT_NONE },
	{ "mail", false, "example.com", NULL, "example.com", "mail", IMPORT_SPLIT_BOTH },
	{ "example.com", false, "example.com", NULL, "example.com", "",
	  IMPORT_SPLIT_DOMAIN },
	{ "Example.com.s1", false, "example.com", NULL, "example.com", "s1",
	  IMPORT_SPLIT_BOTH },
	{ "s1.example.com", false, "example.com", NULL, "example.com", "s1",
	  IMPORT_SPLIT_BOTH },
	{ "s1._domainkey", false, "example.com", NULL, "example.com", "s1",
	  IMPORT_SPLIT_BOTH },
	{ "s1._domainkey.example.com", false, "example.com", NULL, "example.com", "s1",
	  IMPORT_SPLIT_BOTH },
	{ "example.com", false, NULL, NULL, "example.com", "", IMPORT_SPLIT_DOMAIN },
	{ "example.co.uk", true, NULL, NULL, "example.co.uk", "", IMPORT_SPLIT_DOMAIN },
	{ "s1.example.co.uk", true, NULL, NULL, "example.co.uk", "s1",
	  IMPORT_SPLIT_GUESS },
	{ "mail.example.com", true, NULL, NULL, "example.com", "mail",
	  IMPORT_SPLIT_GUESS },
	{ "mail.example.com", false, NULL, NULL, "mail.example.com", "",
	  IMPORT_SPLIT_DOMAIN },
	{ "default.example.com", false, NULL, NULL, "example.com", "default",
	  IMPORT_SPLIT_GUESS },
	{ "2024-05.example.com", false, NULL, NULL, "example.com", "2024-05",
	  IMPORT_SPLIT_GUESS },
	{ "shop.example.com", false, NULL, NULL, "shop.example.com", "",
	  IMPORT_SPLIT_DOMAIN },
	/* what is known decides */
	{ "mail.example.com", true, NULL, "mail.example.com", "mail.example.com", "",
	  IMPORT_SPLIT_DOMAIN },
	{ "shop.example.com", false, NULL, "example.com", "example.com", "shop",
	  IMPORT_SPLIT_BOTH },
	{ "a.b.example.com", true, NULL, "example.com", "example.com", "a.b",
	  IMPORT_SPLIT_BOTH },
	{ "example.com.eu", false, NULL, "example.com", "example.com", "eu",
	  IMPORT_SPLIT_BOTH },
	{ "example.com.s1", false, NULL, NULL, "example.com", "s1", IMPORT_SPLIT_BOTH },
	{ "example.com.default", false, NULL, NULL, "example.com", "default",
	  IMPORT_SPLIT_BOTH },
	{ "s1._domainkey.example.com", false, NULL, NULL, "example.com", "s1",
	  IMPORT_SPLIT_BOTH },
	{ "rsa-2048-mail-example.com", true, NULL, NULL, "example.com", "mail",
	  IMPORT_SPLIT_BOTH },
	{ "rsa-2048-mail-my-shop.com", true, NULL, NULL, "my-shop.com", "mail",
	  IMPORT_SPLIT_BOTH },
	{ "rsa-2048-2023-dkim-example.com", true, NULL, "example.com", "example.com",
	  "2023-dkim", IMPORT_SPLIT_BOTH },
	{ "ed25519-mail-example.com", true, NULL, NULL, "example.com", "mail",
	  IMPORT_SPLIT_BOTH },
	{ "conf.d", false, NULL, NULL, "", "", IMPORT_SPLIT_NONE },
	{ "10.0.0.1", false, NULL, NULL, "", "", IMPORT_SPLIT_NONE },
};

static void names_are_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(splits); i++) {
		const struct split_row *row = &splits[i];
		char domain[NAME_SIZE], selector[NAME_SIZE];
		auto_free char *known = xstrdup(row->known);
		enum import_split split =
			import_name_split(row->stem, row->is_private, row->folder, knows,
		                          known, domain, selector);
		if (split != row->split || strcmp(domain, row->domain) != 0 ||
		    strcmp(selector, row->selector) != 0)
			fail_msg("%s in %s: %d \"%s\" \"%s\"", row->stem,
			         row->folder ? row->folder : "-", split, domain,
			         selector);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_kinds),
		cmocka_unit_test(names_are_split),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
