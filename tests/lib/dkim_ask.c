/*
 * DKIM verification of files: the library's answers for other programs' to be held against.
 *
 *     dkim_ask --now SECONDS ZONE MESSAGE...
 *
 * ZONE: a zone file with the keys; other names do not exist.  For each message a line comes out: the
 * file, and behind tabs for each signature "RESULT reason".
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "dnszone/dkim/dkim_message.h"
#include "dnszone/dkim/dkim_verify.h"
#include "dnszone/query/resolver_zone.h"

static void die(const char *what)
{
	fprintf(stderr, "dkim_ask: %s\n", what);
	exit(2);
}

struct asker {
	struct dkim_verifier *verifier;
	struct resolver *dns;
	int64_t now;
};

static void on_field(void *arg, struct octets name, struct octets value)
{
	const struct asker *asker = arg;
	dkim_verifier_field(asker->verifier, name, value);
}

static void on_end_fields(void *arg)
{
	const struct asker *asker = arg;
	bool is_needed = dkim_verifier_end_fields(asker->verifier, asker->now, NULL);
	(void)is_needed;
}

static void on_body(void *arg, const char *octets, size_t len)
{
	const struct asker *asker = arg;
	dkim_verifier_body(asker->verifier, octets, len);
}

static void read_zone(struct asker *asker, const char *path)
{
	auto_buf text = BUF_INIT;
	struct err err = ERR_INIT;
	char piece[4096];
	size_t len;
	FILE *file = fopen(path, "rb");
	if (!file)
		die(path);
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(&text, piece, len);
	fclose(file);
	asker->dns = resolver_zone_new(NULL);
	if (resolver_zone_add(asker->dns, path, buf_text(&text), text.len, &err) != 0)
		die(err.text);
}

static void check(struct asker *asker, const char *path)
{
	struct dkim_message message = { .field = on_field,
		                        .end_fields = on_end_fields,
		                        .body = on_body,
		                        .arg = asker };
	const struct dkim_report *report;
	char piece[777];
	size_t len;
	FILE *file = fopen(path, "rb");
	if (!file)
		die(path);
	dkim_verifier_reset(asker->verifier);
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		if (!dkim_message_feed(&message, piece, len))
			die("a field is too large");
	fclose(file);
	dkim_message_end(&message);
	size_t count = dkim_verifier_finish(asker->verifier, asker->dns,
	                                    deadline_in_ms(20000), &report);
	printf("%s", path);
	for (size_t i = 0; i < count; i++)
		printf("\t%s %s", dkim_result_name(report[i].result),
		       report[i].reason ? report[i].reason : "");
	printf("\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "now", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	struct asker asker = { .verifier = dkim_verifier_new() };
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'n')
			die("usage: --now SECONDS ZONE MESSAGE...");
		asker.now = atoll(optarg);
	}
	if (!asker.verifier || argc - optind < 2)
		die("usage: --now SECONDS ZONE MESSAGE...");
	read_zone(&asker, argv[optind]);
	for (int i = optind + 1; i < argc; i++)
		check(&asker, argv[i]);
	resolver_free(asker.dns);
	dkim_verifier_free(asker.verifier);
	return fflush(stdout) == 0 ? 0 : 1;
}
