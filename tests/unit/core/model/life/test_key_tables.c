/* Tables of other signers, as texts: which kind each is, and the rows that come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/life/key_tables.h"
#include "dnszone/name/name.h"

static const struct kind_row {
	const char *name, *text;
	enum key_tables_kind kind;
} kinds[] = {
	{ "KeyTable", "", KEY_TABLES_KEY_TABLE },
	{ "/etc/dkim-keytable", "", KEY_TABLES_KEY_TABLE },
	{ "opendkim.signingtable", "", KEY_TABLES_SIGNING_TABLE },
	{ "signing.table", "", KEY_TABLES_SIGNING_TABLE },
	{ "opendkim.conf", "Syslog yes\n", KEY_TABLES_OPENDKIM_CONF },
	{ "filter.cf", "# x\nkeyfile\t/etc/dkim.key\n", KEY_TABLES_OPENDKIM_CONF },
	{ "dkim_signing.conf", "", KEY_TABLES_RSPAMD },
	{ "dkim_selectors.map", "", KEY_TABLES_SELECTOR_MAP },
	{ "dkim_paths.map", "", KEY_TABLES_PATH_MAP },
	{ "50-user", "dkim_key('a', 'b', 'c');\n", KEY_TABLES_AMAVIS },
	{ "localmacros", "DKIM_PRIVATE_KEY = /x\n", KEY_TABLES_EXIM },
	{ "list", "*@a.example:a.example:/etc/x\n", KEY_TABLES_KEY_LIST },
	{ "keys", "a a.example:s1:/etc/x\n", KEY_TABLES_KEY_TABLE },
	{ "signers", "*@a.example a\n", KEY_TABLES_SIGNING_TABLE },
	{ "hosts", "127.0.0.1 localhost\n::1 localhost\n", KEY_TABLES_NONE },
	{ "passwd", "root:x:0:0:root:/root:/bin/sh\n", KEY_TABLES_NONE },
	{ "README", "the KeyTable is read\n", KEY_TABLES_NONE },
	{ "main.cf", "smtpd_milters = unix:x\n", KEY_TABLES_NONE },
};

static void kinds_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		enum key_tables_kind kind =
			key_tables_kind_of(kinds[i].name, kinds[i].text);
		if (kind != kinds[i].kind)
			fail_msg("%s: kind %d", kinds[i].name, kind);
	}
}

/* Files by name: "/path" and then the text. */
static bool give(void *arg, const char *path, struct buf *into)
{
	for (const char *const *file = arg; file && *file; file += 2)
		if (strcmp(file[0], path) == 0) {
			buf_puts(into, file[1]);
			return true;
		}
	return false;
}

/* The rows as "domain selector path[ *]", one a line; what cannot be used as "! why". */
static char *rows_of(enum key_tables_kind kind, const char *name, const char *text,
                     const char *const *files)
{
	auto_buf out = BUF_INIT;
	auto_key_tables tables = KEY_TABLES_INIT;
	void *arg;
	memcpy(&arg, &files, sizeof(arg));
	const struct key_tables_source source = { give, arg };
	key_tables_read(&tables, kind, name, text, &source);
	key_tables_finish(&tables);
	buf_puts(&out, "");
	for (size_t i = 0; i < tables.count; i++) {
		const struct key_table_row *row = &tables.row[i];
		if (row->why)
			buf_printf(&out, "! %s: %s\n", row->where, row->why);
		else if (row->path || row->domain)
			buf_printf(&out, "%s %s %s%s\n", row->domain ? row->domain : "-",
			           row->selector ? row->selector : "-",
			           row->path ? row->path : "-", row->signs ? " *" : "");
	}
	return buf_take(&out);
}

static const struct text_row {
	enum key_tables_kind kind;
	const char *text, *want;
} texts[] = {
	{ KEY_TABLES_KEY_TABLE, "a\tA.example:S1:/k/../x/a # c\r\nb b.example:s:./k//b\n",
	  "a.example s1 /x/a *\nb.example s /etc/k/b *\n" },
	{ KEY_TABLES_KEY_TABLE, "a %:s1:/k/%/s1.private\n",
	  "- s1 /k/$domain/s1.private *\n" },
	{ KEY_TABLES_KEY_TABLE, "a a.example:s1\nb\n",
	  "! t:1: the line is not \"name domain:selector:path\"\n"
	  "! t:2: the line is not \"name domain:selector:path\"\n" },
	{ KEY_TABLES_RSPAMD,
	  "path = /k/$domain.key; selector = \"s\"; try_fallback = no;", "" },
	{ KEY_TABLES_RSPAMD, "", "- dkim /var/lib/rspamd/dkim/$domain.dkim.key *\n" },
	{ KEY_TABLES_RSPAMD,
	  "try_fallback = false;\n"
	  "domain \"a.example\" { path = \"/k/a\"; selector = \"s\" }\n"
	  "domain { b.example { selector = s2; } }\n"
	  "other { path = \"/nowhere\" }\npath = \"/k/$domain.$selector\"\n",
	  "a.example s /k/a *\nb.example s2 /k/b.example.s2 *\n" },
	{ KEY_TABLES_RSPAMD, "enabled = false;\n", "" },
	{ KEY_TABLES_RSPAMD, "domain { a.example { path = \"/k/a\"", /* cut */
	  "a.example dkim /k/a *\n- dkim /var/lib/rspamd/dkim/$domain.dkim.key *\n" },
	{ KEY_TABLES_AMAVIS, "dkim_key('a.example','s','/k/a');#dkim_key('b','c','d');",
	  "a.example s /k/a *\n" },
	{ KEY_TABLES_AMAVIS,
	  "$enable_dkim_signing = 0; dkim_key('a.example','s','/k/a');",
	  "a.example s /k/a\n" },
	{ KEY_TABLES_AMAVIS, "dkim_key('a.example','s','/k/a'", "a.example s /k/a *\n" },
	{ KEY_TABLES_AMAVIS,
	  "my_dkim_key('a.example','s','/k/a'); dkim_key_x('a','b','c')", "" },
	{ KEY_TABLES_AMAVIS, "__END__\ndkim_key('a.example','s','/k/a');", "" },
	{ KEY_TABLES_EXIM, "DKIM_PRIVATE_KEY = DKIM_PRIVATE_KEY\nDKIM_SELECTOR = s\n",
	  "" },
	{ KEY_TABLES_EXIM, "dkim_private_key = /k/$dkim_selector/${dkim_domain}.pem\n",
	  "- - /k/$selector/$domain.pem *\n" },
	{ KEY_TABLES_EXIM, "dkim_private_key = ${if exists{/k/$h_from:x}{/k/y}{0}}\n",
	  "- - /k/$domainx *\n" },
	{ KEY_TABLES_KEY_LIST, "*@a.example:a.example:/k/s1.private\n",
	  "a.example s1 /k/s1.private *\n" },
	{ KEY_TABLES_SELECTOR_MAP, "# c\na.example  s1\nb.example\n*.c.example s\n",
	  "a.example s1 - *\n" },
};

static void rows_come_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		auto_free char *got =
			rows_of(texts[i].kind, "/etc/t", texts[i].text, NULL);
		if (strcmp(got, texts[i].want) != 0)
			fail_msg("%zu: %s gives\n%s", i, texts[i].text, got);
	}
}

/* Include that goes round, and tables that name each other, end. */
static void loops_end(void **state)
{
	static const char *const files[] = { "/etc/t",
		                             "Include /etc/t\nKeyTable /etc/k\n",
		                             "/etc/k", "a a.example:s:/k/a\n", NULL };
	(void)state;
	auto_free char *got =
		rows_of(KEY_TABLES_OPENDKIM_CONF, "/etc/t", files[1], files);
	assert_string_equal(got, "a.example s /k/a *\n");
}

static const struct use_row {
	const char *signing, *want;
} uses[] = {
	{ "*@a.example one\n", "a.example s /k/one *\nb.example s /k/two\n" },
	{ "A.EXAMPLE ONE\n", "a.example s /k/one *\nb.example s /k/two\n" },
	{ "user@a.example one:user@a.example\n",
	  "a.example s /k/one *\nb.example s /k/two\n" },
	{ ".a.example one\n", "a.example s /k/one\nb.example s /k/two\n" },
	{ "*@*.a.example one\n", "a.example s /k/one\nb.example s /k/two\n" },
	{ "* one\n", "a.example s /k/one *\nb.example s /k/two\n" },
	{ "*@* one\n*@a.example none\n", "a.example s /k/one\nb.example s /k/two\n" },
	{ "*@c.example any\n",
	  "a.example s /k/one\nb.example s /k/two\nc.example x /k/any *\n" },
	{ "* any\n",
	  "a.example s /k/one\nb.example s /k/two\n"
	  "! SigningTable:1: the key /k/any signs for any domain: import it for "
	  "each with \"mailauthctl key import <domain> x --private /k/any\"\n" },
	{ "*@b.example one\n",
	  "a.example s /k/one\nb.example s /k/two\n"
	  "! SigningTable:1: mail of b.example is signed as a.example in that "
	  "configuration, but mailauthctl signs each domain with its own key: run "
	  "\"mailauthctl domain enable-dkim b.example\"\n" },
};

static void signing_tables_choose(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
		const char *files[] = { "/etc/k",
			                "one a.example:s:/k/one\ntwo b.example:s:/k/two\n"
			                "any %:x:/k/any\none a.example:t:/k/second\n",
			                "/etc/s", uses[i].signing, NULL };
		auto_free char *got =
			rows_of(KEY_TABLES_OPENDKIM_CONF, "/etc/o.conf",
		                "KeyTable file:k\nSigningTable refile:/etc/s\n", files);
		auto_buf want = BUF_INIT;
		/* the second row of a name is never used */
		const char *line = strchr(uses[i].want, '\n');
		line = strchr(line + 1, '\n') + 1;
		buf_add(&want, uses[i].want, (size_t)(line - uses[i].want));
		buf_puts(&want, "a.example t /k/second\n");
		buf_puts(&want, line);
		if (strcmp(got, buf_text(&want)) != 0)
			fail_msg("%s gives\n%s", uses[i].signing, got);
	}
}

static const struct fit_row {
	const char *form, *path, *domain, *selector; /* domain NULL: does not fit */
} fit_rows[] = {
	{ "/k/$domain.key", "/k/a.example.key", "a.example", "" },
	{ "/k/$domain.$selector.key", "/k/a.example.s1.key", "a.example", "s1" },
	{ "/k/$domain/$selector.key", "/k/a.example/s.1.key", "a.example", "s.1" },
	{ "/k/$domain/$domain.key", "/k/a.example/a.example.key", "a.example", "" },
	{ "/k/$domain/$domain.key", "/k/a.example/b.example.key", NULL, NULL },
	{ "/k/$domain.key", "/k/a/b.key", NULL, NULL },
	{ "/k/$domain.key", "/k/.key", NULL, NULL },
	{ "/k/x", "/k/x", "", "" },
	{ "/k/x", "/k/xy", NULL, NULL },
};

static void forms_fit(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fit_rows); i++) {
		char domain[NAME_SIZE], selector[NAME_SIZE];
		auto_free char *form = xstrdup(fit_rows[i].form);
		const struct key_table_row row = { .path = form };
		bool is_fit =
			key_tables_path_fits(&row, fit_rows[i].path, domain, selector);
		if (is_fit != (fit_rows[i].domain != NULL))
			fail_msg("%s %s", form, fit_rows[i].path);
		if (is_fit) {
			assert_string_equal(domain, fit_rows[i].domain);
			assert_string_equal(selector, fit_rows[i].selector);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_told), cmocka_unit_test(rows_come_out),
		cmocka_unit_test(loops_end),      cmocka_unit_test(signing_tables_choose),
		cmocka_unit_test(forms_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
