/* service_process: who listens on a port of loopback, as /proc/net tells it. */
#include "tests/unit/fake_process.h"

#include "core/mta/host/service_kind.h"

#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue\n"
#define LINE(address, port, state, inode)                 \
	"   0: " address ":" port " 00000000:0000 " state \
	" 00000000:00000000 00:00000000 "                 \
	"00000000   105        0 " inode " 1 0000000000000000 100 0 0 10 0\n"
#define ZERO24 "000000000000000000000000"
#define MAPPED "0000000000000000FFFF0000"

/* Port 8891 is 22BB. */
static void test_at_port(void **state)
{
	static const struct {
		const char *tcp, *tcp6;
		bool is_found, has_process; /* socket 4242 is the process's */
	} rows[] = {
		{ HEAD, HEAD, false, false },
		{ HEAD LINE("0100007F", "22BB", "0A", "4242"), NULL, true, true },
		{ HEAD LINE("00000000", "22BB", "0A", "4242"), NULL, true, true },
		{ HEAD LINE("0100007F", "22BB", "0A", "77"), NULL, true, false },
		{ HEAD LINE("0100007F", "22BC", "0A", "4242"), HEAD, false, false },
		/* a client */
		{ HEAD LINE("0100007F", "22BB", "01", "4242"), HEAD, false, false },
		/* another address of this machine: ::1 and 127.0.0.2 too */
		{ HEAD LINE("010200C0", "22BB", "0A", "4242"), HEAD, false, false },
		{ HEAD LINE("0200007F", "22BB", "0A", "4242"), HEAD, false, false },
		{ HEAD LINE("01000000", "22BB", "0A", "4242"), HEAD, false, false },
		{ HEAD LINE("0100007F", "22BC", "0A", "77")
		          LINE("0100007F", "22BB", "0A", "4242"),
		  HEAD, true, true },
		{ NULL, HEAD LINE(ZERO24 "00000000", "22BB", "0A", "4242"), true, true },
		{ NULL, HEAD LINE(ZERO24 "01000000", "22BB", "0A", "4242"), true, true },
		{ NULL, HEAD LINE(ZERO24 "0100007F", "22BB", "0A", "4242"), false,
		  false },
		{ NULL, HEAD LINE(MAPPED "0100007F", "22BB", "0A", "4242"), true, true },
		{ NULL, HEAD LINE(MAPPED "00000000", "22BB", "0A", "4242"), true, true },
		{ NULL, HEAD LINE(MAPPED "01000000", "22BB", "0A", "4242"), false,
		  false },
		{ NULL, HEAD LINE(MAPPED "010200C0", "22BB", "0A", "4242"), false,
		  false },
		{ NULL,
		  HEAD LINE("B80D0120000000000000000001000000", "22BB", "0A", "4242"),
		  false, false },
		{ NULL,
		  HEAD LINE("00000000B80D01200000000001000000", "22BB", "0A", "4242"),
		  false, false },
		{ NULL,
		  HEAD LINE("0000000000000000B80D012001000000", "22BB", "0A", "4242"),
		  false, false },
		/* the first one counts */
		{ HEAD LINE("0100007F", "22BB", "0A", "4242"),
		  HEAD LINE(ZERO24 "01000000", "22BB", "0A", "77"), true, true },
	};
	struct host *host = *state;
	auto_free char *fd = xasprintf("%s/proc/4711/fd/3", host->root);
	put_process(host, 4710, "other", 1, "other", 6);
	put_process(host, 4711, "opendkim", 1, "opendkim", 9);
	put(host->root, "/proc/4710/fd/x", "", 0644);
	put(host->root, "/proc/4711/fd/x", "", 0644);
	assert_int_equal(symlink("socket:[4242]", fd), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		pid_t pid = -1;
		put(host->root, "/proc/net/tcp", rows[i].tcp ? rows[i].tcp : HEAD, 0644);
		put(host->root, "/proc/net/tcp6", rows[i].tcp6 ? rows[i].tcp6 : HEAD,
		    0644);
		bool is_found = process_at_port(&host->ctx, 8891, &pid);
		if (is_found != rows[i].is_found ||
		    pid != (rows[i].has_process ? 4711 : 0))
			fail_msg("row %zu: %d %d", i, is_found, (int)pid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_at_port, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
