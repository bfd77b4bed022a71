/*
 * Fuzz target: what a client of the milter protocol sends to the mail filter.  Any
 * octets end the session or are answered; nothing else happens.  A field that is ours as it is
 * stays ours with a comment, quotes and blanks around it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/policyd/policyd_milter.h"
#include "cli/policyd/policyd_results.h"
#include "tests/fuzz/fuzz.h"

#define ID "mx.example.net"

static int open_memory(const void *octets, size_t len)
{
	int fd = memfd_create("session", MFD_CLOEXEC);
	if (fd < 0 || write(fd, octets, len) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

static void check_claim(const char *value, size_t len)
{
	static const char front[] = "(c) ";
	if (!results_claim((struct octets){ value, len }, ID))
		return;
	char *longer = malloc(len + sizeof(front));
	if (!longer)
		return;
	memcpy(longer, front, sizeof(front) - 1);
	memcpy(longer + sizeof(front) - 1, value, len);
	if (!results_claim((struct octets){ longer, len + sizeof(front) - 1 }, ID))
		abort();
	free(longer);
}

/* Where mail is verified, too: without name servers, every query fails at once. */
static void serve(const uint8_t *octets, size_t len, bool verifies)
{
	static const struct policyd_limits limits = { .pause_seconds = 1,
		                                      .idle_seconds = 1 };
	const struct policyd_log log = { .to_stderr = true };
	struct policyd_conf conf = { .path = "" };
	conf.settings = policyd_settings_default(ID);
	conf.settings.is_one_from = true;
	conf.settings.verifies_dkim = conf.settings.checks_dmarc = verifies;
	conf.settings.rejects_dmarc = len % 2;
	conf.settings.time_limit = 1;
	const struct policyd_milter milter = {
		.conf = &conf, .is_prepared = true, .limits = &limits, .log = &log
	};
	int error = dup(STDERR_FILENO), in = open_memory(octets, len),
	    out = open_memory("", 0);
	close(STDERR_FILENO); /* a sanitizer's words: ASAN_OPTIONS=log_path=FILE */
	int status = policyd_milter(&milter, in, out);
	dup2(error, STDERR_FILENO);
	close(error);
	close(in);
	close(out);
	if (status != 0 && status != 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	check_claim((const char *)octets, len);
	serve(octets, len, false);
	serve(octets, len, true);
	return 0;
}
