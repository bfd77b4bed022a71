/* signers: who signs on a host already, by what its programs' configuration says. */
#include "tests/unit/file_root.h"

#include "core/base/alloc.h"
#include "core/mta/postfix/signers.h"

struct text_file {
	const char *path, *text;
};

static void write_file(const struct text_file *file)
{
	auto_free char *folder = xstrdup(file->path);
	struct err ignored = ERR_INIT;
	*strrchr(folder, '/') = '\0';
	assert_int_equal(
		file_make_dir(&ctx, folder,
	                      (struct file_meta){ 0755, FILE_KEEP_UID, FILE_KEEP_GID },
	                      NULL, &ignored),
		0);
	FILE *out = fopen(host(file->path), "w");
	assert_non_null(out);
	fputs(file->text, out);
	fclose(out);
}

#define TABLES                             \
	"KeyTable refile:/etc/dkim/keys\n" \
	"SigningTable refile:/etc/dkim/sign\n"

static const struct row {
	const char *main, *master;
	struct text_file file[4];
	const char *want; /* "program: domains; ...", NULL: nobody */
} rows[] = {
	{ "", "", { { NULL, NULL } }, NULL },
	{ "", "", { { "/etc/opendkim.conf", "Mode sv\nSocket local:/x\n" } }, NULL },
	/* tables */
	{ "",
	  "",
	  { { "/etc/opendkim.conf", TABLES },
	    { "/etc/dkim/keys", "" },
	    { "/etc/dkim/sign", "# nobody yet\n\n" } },
	  NULL },
	{ "",
	  "",
	  { { "/etc/opendkim.conf", TABLES },
	    { "/etc/dkim/keys", "k1 a.example:s:/k/a\nk2 b.example:s:/k/b\n" },
	    { "/etc/dkim/sign", "*@a.example k1\n" } },
	  "OpenDKIM: a.example; " },
	{ "",
	  "",
	  { { "/etc/opendkim.conf", TABLES },
	    { "/etc/dkim/keys", "k1 %:s:/k/%\n" },
	    { "/etc/dkim/sign", "a.example k1\nuser@b.example k1\n" } },
	  "OpenDKIM: a.example, b.example; " },
	{ "",
	  "",
	  { { "/etc/opendkim.conf", TABLES },
	    { "/etc/dkim/keys", "k1 %:s:/k/one\n" },
	    { "/etc/dkim/sign", "* k1\n" } },
	  "OpenDKIM: domains that cannot be determined; " },
	{ "",
	  "",
	  { { "/etc/opendkim.conf", "KeyTable csl:k=a.example:s:/k/a\n"
	                            "SigningTable csl:a.example=k\n" } },
	  "OpenDKIM: a.example; " },
	{ "",
	  "",
	  { { "/etc/opendkim.conf", "KeyTable dsn:x://y\nSigningTable ldap://x\n" } },
	  "OpenDKIM: domains that cannot be determined; " },
	{ "",
	  "",
	  { { "/etc/opendkim.conf", TABLES } },
	  "OpenDKIM: domains that cannot be determined; " },
	/* one key */
	{ "",
	  "",
	  { { "/etc/opendkim.conf",
	      "Domain a.example, b.example\nSelector s\nKeyFile /k\n" } },
	  "OpenDKIM: a.example, b.example; " },
	{ "",
	  "",
	  { { "/etc/opendkim.conf", "Include /etc/more.conf\n" },
	    { "/etc/more.conf", "Domain a.example\nSelector s\nKeyFile /k\n" } },
	  "OpenDKIM: a.example; " },
	/* rspamd, where Postfix uses it */
	{ "smtpd_milters = inet:localhost:11332\n",
	  "",
	  { { "/etc/rspamd/local.d/dkim_signing.conf", "" },
	    { "/var/lib/rspamd/dkim/a.example.dkim.key", "k" },
	    { "/var/lib/rspamd/dkim/README", "x" } },
	  "rspamd: a.example; " },
	{ "x = unix:/run/rspamd/milter.sock\nnon_smtpd_milters = $x\n",
	  "",
	  { { "/etc/rspamd/local.d/dkim_signing.conf",
	      "domain { b.example { path = \"/k/b\"; selector = \"s\"; } }\n"
	      "try_fallback = false;\n" } },
	  "rspamd: b.example; " },
	{ "",
	  "587 inet n - n - - smtpd -o smtpd_milters=inet:127.0.0.1:11332\n",
	  { { "/etc/rspamd/local.d/dkim_signing.conf", "" },
	    { "/var/lib/rspamd/dkim/a.example.dkim.key", "k" } },
	  "rspamd: a.example; " },
	{ "",
	  "",
	  { { "/etc/rspamd/local.d/dkim_signing.conf", "" },
	    { "/var/lib/rspamd/dkim/a.example.dkim.key", "k" } },
	  NULL },
	{ "smtpd_milters = inet:localhost:11332\n",
	  "",
	  { { "/var/lib/rspamd/dkim/b.example.dkim.key", "k" } },
	  "rspamd: b.example; " },
	{ "smtpd_milters = inet:localhost:11332\n", "", { { NULL, NULL } }, NULL },
	{ "smtpd_milters = inet:localhost:11332\n",
	  "",
	  { { "/etc/rspamd/local.d/dkim_signing.conf", "enabled = true;\n" },
	    { "/etc/rspamd/override.d/dkim_signing.conf", "enabled = false;\n" },
	    { "/var/lib/rspamd/dkim/a.example.dkim.key", "k" } },
	  NULL },
	/* amavis */
	{ "",
	  "",
	  { { "/etc/amavis/conf.d/20-debian_defaults", "$enable_dkim_signing = 1;\n" },
	    { "/etc/amavis/conf.d/50-user", "dkim_key('a.example', 's', '/k/a');\n" } },
	  "amavis: a.example; " },
	{ "",
	  "",
	  { { "/etc/amavis/conf.d/20-debian_defaults",
	      "dkim_key('a.example', 's', '/k/a');\n" },
	    { "/etc/amavis/conf.d/50-user", "$enable_dkim_signing = 0;\n" } },
	  NULL },
	{ "",
	  "",
	  { { "/etc/amavisd.conf", "$enable_dkim_signing = 1;\n"
	                           "dkim_key('b.example', 's', '/k/b');\n" } },
	  "amavis: b.example; " },
	/* dkimpy-milter */
	{ "smtpd_milters = inet:localhost:8892\n",
	  "",
	  { { "/etc/dkimpy-milter/dkimpy-milter.conf",
	      "Domain c.example\nSelector s\nKeyFile /k\n" } },
	  "dkimpy-milter: c.example; " },
};

static void test_read(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_main_cf main;
		auto_master_cf master;
		auto_signers signers = SIGNERS_INIT;
		auto_buf found = BUF_INIT;
		if (i) {
			assert_int_equal(teardown(state), 0);
			assert_int_equal(setup(state), 0);
		}
		for (size_t k = 0; k < ARRAY_LEN(rows[i].file); k++)
			if (rows[i].file[k].path)
				write_file(&rows[i].file[k]);
		main_cf_parse(&main, rows[i].main, strlen(rows[i].main));
		master_cf_parse(&master, rows[i].master, strlen(rows[i].master));
		signers_read(&ctx, &main, &master, &signers);
		for (size_t k = 0; k < signers.count; k++) {
			auto_free char *domains = signer_domains(&signers.at[k]);
			auto_free char *remedy = signer_remedy(&signers.at[k]);
			assert_true(*remedy);
			buf_printf(&found, "%s: %s; ", signers.at[k].program, domains);
			assert_int_equal(signers.at[k].is_filter,
			                 strcmp(signers.at[k].program, "OpenDKIM") == 0);
		}
		if (strcmp(buf_text(&found), rows[i].want ? rows[i].want : "") != 0)
			fail_msg("row %zu: \"%s\"", i, buf_text(&found));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
	};
	return cmocka_run_group_tests_name("signers", tests, NULL, NULL);
}
