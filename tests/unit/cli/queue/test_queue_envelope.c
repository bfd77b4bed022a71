/* What a queue program of qmail is given: the Received field on top, and the words of a refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* ---- copies ------------------------------------------------------------------------------------ */

static int file_of(const char *octets, size_t len)
{
	int fd = queue_open_file();
	assert_true(fd > 2);
	assert_int_equal(write(fd, octets, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void test_open(void **state)
{
	static const char *const folders[] = { "/dev/shm", "/tmp", "relative", "", NULL };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		struct stat st, folder;
		if (folders[i])
			setenv("TMPDIR", folders[i], 1);
		else
			unsetenv("TMPDIR");
		const char *want = folders[i] && *folders[i] == '/' ? folders[i] : "/tmp";
		int fd = queue_open_file();
		assert_true(fd > 2);
		assert_int_equal(fstat(fd, &st) | stat(want, &folder), 0);
		assert_true(S_ISREG(st.st_mode));
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(st.st_nlink, 0);
		assert_int_equal(st.st_dev, folder.st_dev);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
		close(fd);
	}
	setenv("TMPDIR", "/nowhere", 1);
	assert_int_equal(queue_open_file(), -1);
	unsetenv("TMPDIR");
}

static void test_copy(void **state)
{
	enum { LEN = 40000 };
	static char octets[LEN], copied[LEN];
	(void)state;
	for (size_t i = 0; i < LEN; i++)
		octets[i] = (char)(i * 7);
	int from = file_of(octets, LEN), to = queue_open_file();
	assert_int_equal(queue_copy(from, to), 0);
	assert_int_equal(lseek(to, 0, SEEK_CUR), LEN);
	assert_int_equal(pread(to, copied, LEN, 0), LEN);
	assert_memory_equal(copied, octets, LEN);
	assert_int_equal(queue_copy(from, to), 0); /* at its end: nothing more */
	assert_int_equal(lseek(to, 0, SEEK_CUR), LEN);
	assert_int_equal(lseek(from, 0, SEEK_SET), 0);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int folder = open("/", O_RDONLY | O_CLOEXEC);
	assert_int_equal(queue_copy(from, full), QUEUE_WRITE);
	assert_int_equal(queue_copy(folder, to), QUEUE_READ);
	close(full);
	close(folder);
	close(from);
	close(to);
}

#define A100                                                                   \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A1000 A100 A100 A100 A100 A100 A100 A100 A100 A100 A100

/* What is whole is copied as it is; what is not is told apart. */
static void test_envelope(void **state)
{
#define ROW(text) text, sizeof(text) - 1
	static const struct {
		const char *octets;
		size_t len;
		int status;
		const char *sender; /* NULL: not looked at */
	} rows[] = {
		{ ROW("Fa@b\0Tc@d\0\0"), 0, "a@b" },
		{ ROW("Fa@b\0Tc@d\0Te@f\0\0"), 0, "a@b" },
		{ ROW("F\0Tc@d\0\0"), 0, "" },
		{ ROW("Fa\0\0"), 0, "a" }, /* nobody: qmail-queue decides */
		{ ROW("F" A1000 "aa\0Tb\0\0"), 0, A1000 "aa" },
		{ ROW("F" A1000 "aaa\0Tb\0\0"), QUEUE_TOO_LONG, NULL },
		{ ROW("Fa\0T" A1000 "aa\0Tb\0\0"), 0, "a" },
		{ ROW("Fa\0T" A1000 "aaa\0\0"), QUEUE_TOO_LONG, NULL },
		{ ROW(""), QUEUE_READ, NULL },
		{ ROW("Fa"), QUEUE_READ, NULL },
		{ ROW("Fa\0"), QUEUE_READ, NULL },
		{ ROW("Fa\0Tb"), QUEUE_READ, NULL },
		{ ROW("Fa\0Tb\0"), QUEUE_READ, NULL },
		{ ROW("Ta\0Tb\0\0"), QUEUE_ENVELOPE, NULL },
		{ ROW("Fa\0Fb\0\0"), QUEUE_ENVELOPE, NULL },
		{ ROW("Fa\0Tb\0\0T"), QUEUE_ENVELOPE, NULL },
		{ ROW("Fa\0Tb\0\0\0"), QUEUE_ENVELOPE, NULL },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char sender[QUEUE_ADDRESS_MAX + 1], copied[4096];
		int from = file_of(rows[i].octets, rows[i].len), to = queue_open_file();
		int status = queue_copy_envelope(from, to, sender);
		if (status != rows[i].status)
			fail_msg("row %zu: %d", i, status);
		if (rows[i].sender) {
			assert_string_equal(sender, rows[i].sender);
			assert_int_equal(pread(to, copied, sizeof(copied), 0),
			                 rows[i].len);
			assert_memory_equal(copied, rows[i].octets, rows[i].len);
		}
		close(from);
		close(to);
	}
	char sender[QUEUE_ADDRESS_MAX + 1];
	int from = file_of(rows[0].octets, rows[0].len);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int folder = open("/", O_RDONLY | O_CLOEXEC);
	assert_int_equal(queue_copy_envelope(from, full, sender), QUEUE_WRITE);
	assert_int_equal(queue_copy_envelope(folder, full, sender), QUEUE_READ);
	close(full);
	close(folder);
	close(from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_received), cmocka_unit_test(test_reply),
		cmocka_unit_test(test_open),     cmocka_unit_test(test_copy),
		cmocka_unit_test(test_envelope),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
