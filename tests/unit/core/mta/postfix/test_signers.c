/* signers: who signs on a host already, by what its programs' configuration says. */
#include "tests/unit/file_root.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

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

/* ---- asking: a filter that signs as it is told to, by the domain of the sender ------------------- */

#define ENDPOINT "unix:/filter"

static struct {
	int listener;
	pthread_t thread;
	struct buf asked; /* "a.example;" for each message */
} filter;

/* Domain of the sender, and the header that the filter adds; the value of "d=" is what counts. */
static const struct {
	const char *domain, *name, *value;
} signatures[] = {
	{ "d1.example", "DKIM-Signature", " v=1; d=one.example; s=s" },
	{ "d2.example", "dkim-signature", "d =\ttwo.example" },
	{ "d3.example", "DKIM-Signature", " v=1; bd=x; s=d=y; d=three.example;" },
	{ "d4.example", "X-DKIM-Signature", " v=1; d=four.example; s=s" },
	{ "d5.example", "DKIM-Signature", " v=1; d=; s=s" },
	{ "d6.example", "DKIM-Signature", " v=1; h=From:\r\n\tTo;\r\n\td=six.example" },
};

static bool receive(int fd, void *octets, size_t len)
{
	return !len || recv(fd, octets, len, MSG_WAITALL) == (ssize_t)len;
}

static void answer(int fd, char code, const void *octets, size_t len)
{
	uint32_t size = htonl((uint32_t)len + 1);
	auto_buf all = BUF_INIT;
	buf_add(&all, &size, 4);
	buf_putc(&all, code);
	buf_add(&all, octets, len);
	(void)!send(fd, all.at, all.len, MSG_NOSIGNAL);
}

static void sign(int fd, const char *domain)
{
	for (size_t i = 0; i < ARRAY_LEN(signatures); i++) {
		auto_buf header = BUF_INIT;
		if (strcmp(signatures[i].domain, domain) != 0)
			continue;
		buf_add(&header, "\0\0\0\0", 4);
		buf_add(&header, "Received\0 x; d=received.example", 31);
		buf_putc(&header, '\0');
		answer(fd, 'i', header.at, header.len);
		buf_clear(&header);
		buf_add(&header, "\0\0\0\0", 4);
		buf_add(&header, signatures[i].name, strlen(signatures[i].name) + 1);
		buf_add(&header, signatures[i].value, strlen(signatures[i].value) + 1);
		answer(fd, 'i', header.at, header.len);
	}
}

static void serve(int fd)
{
	static const uint32_t options[] = { 0x06000000, 0x11010000, 0 };
	char head[5], octets[4096], domain[256] = "";
	while (receive(fd, head, sizeof(head))) {
		uint32_t len;
		memcpy(&len, head, 4);
		len = ntohl(len) - 1;
		if (len >= sizeof(octets) || !receive(fd, octets, len) || head[4] == 'Q')
			return;
		octets[len] = '\0';
		if (head[4] == 'M')
			(void)sscanf(octets, "<postmaster@%255[^>]>", domain);
		if (head[4] == 'O') {
			answer(fd, 'O', options, sizeof(options));
		} else if (head[4] == 'E') {
			buf_printf(&filter.asked, "%s;", domain);
			sign(fd, domain);
			answer(fd, 'c', "", 0);
		} else if (head[4] != 'D') {
			answer(fd, 'c', "", 0);
		}
	}
}

static void *run_filter(void *arg)
{
	int fd;
	while ((fd = accept(filter.listener, NULL, NULL)) >= 0) {
		serve(fd);
		close(fd);
	}
	return arg;
}

static void filter_start(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", host("/filter"));
	filter.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		bind(filter.listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(filter.listener, 5), 0);
	assert_int_equal(pthread_create(&filter.thread, NULL, run_filter, NULL), 0);
}

static void filter_stop(void)
{
	shutdown(filter.listener, SHUT_RDWR);
	pthread_join(filter.thread, NULL);
	close(filter.listener);
}

/* Each of six domains is asked for once, whatever names the filter, and no table is one. */
static void test_ask(void **state)
{
	static const struct {
		const char *main;  /* MILTER in it is the filter */
		bool is_ours;      /* it is the filter that is replaced */
		const char *known; /* a program that the configuration told of */
		const char *asked, *domains;
	} asks[] = {
		{ "smtpd_milters = MILTER\nnon_smtpd_milters = MILTER\n"
		  "virtual_mailbox_domains = hash:/etc/x, d1.example, /etc/y\n"
		  "virtual_alias_domains = d2.example d1.example $other @z.example\n"
		  "mydestination = localhost, d3.example, *.example\n"
		  "mydomain = d4.example\n"
		  "relay_domains = d5.example, d6.example, d7.example, d8.example\n",
		  false, NULL,
		  "d1.example;d2.example;d3.example;d4.example;d5.example;d6.example;",
		  "one.example, two.example, three.example, six.example" },
		{ "smtpd_milters = MILTER\nmydestination = d4.example\n", false, NULL,
		  "d4.example;", NULL },
		{ "smtpd_milters = MILTER\nmydestination = d1.example\n", true, NULL, "",
		  NULL },
		{ "non_smtpd_milters = MILTER\nmydestination = d1.example\n", false,
		  "amavis", "d1.example;", "one.example" },
		{ "smtpd_milters =\nmydestination = d1.example\n", false, NULL, "",
		  NULL },
		{ "smtpd_milters = MILTER\nmydestination =\n", false, NULL, "", NULL },
	};
	(void)state;
	filter_start();
	for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
		auto_signers signers = SIGNERS_INIT;
		auto_main_cf main;
		auto_master_cf master;
		auto_buf text = BUF_INIT;
		for (const char *at = asks[i].main; *at;) {
			bool is_here = strncmp(at, "MILTER", 6) == 0;
			buf_puts(&text, is_here ? ENDPOINT : (char[]){ *at, 0 });
			at += is_here ? 6 : 1;
		}
		main_cf_parse(&main, buf_text(&text), text.len);
		master_cf_parse(&master, "", 0);
		if (asks[i].known) {
			signers.at = xcalloc(1, sizeof(*signers.at));
			signers.at[0].program = xstrdup(asks[i].known);
			signers.count = signers.room = 1;
		}
		signers_ask(&ctx, NULL, &main, &master, "/q",
		            asks[i].is_ours ? ENDPOINT : NULL, &signers);
		assert_string_equal(buf_text(&filter.asked), asks[i].asked);
		buf_done(&filter.asked);
		size_t before = asks[i].known != NULL;
		assert_int_equal(signers.count, before + (asks[i].domains != NULL));
		if (!asks[i].domains)
			continue;
		auto_free char *domains = signer_domains(&signers.at[before]);
		assert_string_equal(domains, asks[i].domains);
		assert_string_equal(signers.at[before].program, ENDPOINT);
		assert_null(signers.at[before].file);
	}
	filter_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ask, setup, teardown),
	};
	return cmocka_run_group_tests_name("signers", tests, NULL, NULL);
}
