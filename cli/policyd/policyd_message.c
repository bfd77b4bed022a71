/*
 * The field is written before all others, but known after the body only, so the message is read
 * twice.  The first reading records where the forged fields are, and the second one copies
 * everything else, octet by octet.  An empty line is added if the header ends without one:
 * otherwise other programs could continue to read there and find fields that this one has not read,
 * or treat the first line as a part of ours.
 */
#include "cli/policyd/policyd_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "cli/policyd/policyd_incoming.h"
#include "cli/policyd/policyd_outcome.h"
#include "cli/policyd/policyd_results.h"
#include "core/base/address.h"
#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "dnszone/dkim/dkim_message.h"

bool policyd_message_envelope(struct policyd_message *message)
{
	uint8_t address[16];
	if (!message->client)
		message->client = getenv("TCPREMOTEIP");
	if (!message->helo)
		message->helo = getenv("SMTPHELOHOST");
	if (!message->sender)
		message->sender = getenv("SMTPMAILFROM");
	message->is_relayed = getenv("RELAYCLIENT") != NULL;
	return message->client && message->sender &&
	       address_parse(message->client, address);
}

bool policyd_message_open(struct policyd_message *message)
{
	struct stat st;
	bool is_file = fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode);
	message->file = is_file ? stdin : tmpfile();
	return message->file != NULL;
}

/* At most `most` octets; true also if there are fewer. */
static bool copy(FILE *from, FILE *to, uint64_t most)
{
	char octets[16 * 1024];
	size_t len;
	while (most > 0 &&
	       (len = fread(octets, 1, most < sizeof(octets) ? most : sizeof(octets),
	                    from)) > 0) {
		if (fwrite(octets, 1, len, to) != len)
			return false;
		most -= len;
	}
	return !ferror(from);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
	struct message_verifier *verifier; /* NULL: forged fields alone are looked for */
	const char *authserv_id;
	struct dkim_message message;
	struct { /* of a forged field, in the message */
		uint64_t at, end;
	} * forged;
	size_t forged_count;
	const char *refusal; /* NULL: none */
};

static void on_field(void *arg, struct octets name, struct octets value)
{
	struct reading *reading = arg;
	if (reading->verifier)
		message_verifier_field(reading->verifier, name, value);
	if (results_hide_claim(value, reading->authserv_id))
		reading->refusal = RESULTS_HIDDEN;
	if (!results_is_field(name) || !results_claim(value, reading->authserv_id))
		return;
	if (reading->forged_count == RESULTS_FORGED_MAX) {
		reading->refusal = RESULTS_TOO_MANY;
		return;
	}
	reading->forged[reading->forged_count].at = reading->message.field_at;
	reading->forged[reading->forged_count++].end = reading->message.field_end;
}

static void on_end_fields(void *arg)
{
	struct reading *reading = arg;
	if (reading->verifier)
		(void)!message_verifier_end_fields(reading->verifier, time(NULL));
}

static void on_body(void *arg, const char *octets, size_t len)
{
	struct reading *reading = arg;
	if (reading->verifier)
		message_verifier_body(reading->verifier, octets, len);
}

static bool read_message(FILE *file, struct reading *reading)
{
	char octets[16 * 1024];
	size_t len;
	bool is_good = true;
	reading->message = (struct dkim_message){ .field = on_field,
		                                  .end_fields = on_end_fields,
		                                  .body = on_body,
		                                  .arg = reading };
	rewind(file);
	while (is_good && (len = fread(octets, 1, sizeof(octets), file)) > 0)
		is_good = dkim_message_feed(&reading->message, octets, len);
	dkim_message_end(&reading->message);
	return is_good && !ferror(file);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* With the line ends of the message. */
static bool write_lines(const char *lines, bool is_crlf)
{
	bool is_good = true;
	for (const char *c = lines; is_good && *c; c++)
		is_good = (*c != '\n' || !is_crlf || putchar('\r') != EOF) &&
		          putchar(*c) != EOF;
	return is_good;
}

/* The message with `added` (a whole field, or "") on top. */
static bool write_message(FILE *file, const struct reading *reading, const char *added)
{
	const struct dkim_message *message = &reading->message;
	uint64_t at = message->header_at;
	rewind(file);
	bool is_good = copy(file, stdout, at) && write_lines(added, message->is_crlf);
	for (size_t i = 0; is_good && i < reading->forged_count; i++) {
		is_good = copy(file, stdout, reading->forged[i].at - at) &&
		          fseeko(file, (off_t)reading->forged[i].end, SEEK_SET) == 0;
		at = reading->forged[i].end;
	}
	is_good = is_good && copy(file, stdout, message->header_end - at);
	if (message->is_unseparated)
		is_good = is_good && write_lines("\n", message->is_crlf);
	return is_good && copy(file, stdout, UINT64_MAX) && fflush(stdout) == 0;
}

/* ---- the message ----------------------------------------------------------------------------- */

static const char *skip_reason(const struct policyd_message *message,
                               const struct policyd_conf *conf,
                               const struct network *client)
{
	if (!conf->settings.verifies_dkim)
		return "dkim-verify is off";
	if (message->is_relayed)
		return "authenticated client";
	return policyd_conf_is_trusted(conf, client) ? "trusted relay" : NULL;
}

static int status_of(const struct policyd_outcome *outcome)
{
	static const int statuses[] = { [DMARC_DELIVER] = POLICYD_EXIT_ACCEPT,
		                        [DMARC_QUARANTINE] = POLICYD_EXIT_QUARANTINE,
		                        [DMARC_REJECT] = POLICYD_EXIT_REFUSE,
		                        [DMARC_DEFER] = POLICYD_EXIT_DEFER };
	return statuses[outcome->disposition];
}

static struct octets without_brackets(const char *sender)
{
	struct octets text = octets_of(sender);
	if (text.len >= 2 && text.at[0] == '<' && text.at[text.len - 1] == '>')
		text = (struct octets){ text.at + 1, text.len - 2 };
	return text;
}

/* False: a fault of our own.  `added`: the field, or "". */
static bool verify(const struct policyd_message *message,
                   struct policyd_incoming *incoming, const struct policyd_log *log,
                   struct reading *reading, char *added, struct policyd_outcome *outcome)
{
	struct policyd_conf *conf = incoming->conf;
	struct message_envelope envelope = { .sender = without_brackets(message->sender),
		                             .helo = octets_of(message->helo) };
	struct message_results results;
	if (!address_parse(message->client, envelope.client))
		return false;
	const struct network client = policyd_client(envelope.client);
	struct policyd_account account = { .id = "",
		                           .envelope = &envelope,
		                           .unverified =
		                                   skip_reason(message, conf, &client) };
	if (!account.unverified)
		reading->verifier = incoming->verifier;
	if (!read_message(message->file, reading))
		return false;
	if (reading->refusal) {
		outcome->disposition = DMARC_REJECT;
		strcpy(outcome->reply, reading->refusal);
		policyd_log(log, LOG_NOTICE, "-: %s", outcome->reply);
		return true;
	}
	account.forged = reading->forged_count;
	account.began = monotonic_ns();
	if (!account.unverified) {
		if (!policyd_incoming_finish(incoming, &envelope, &results))
			return false;
		policyd_outcome(conf, &results, &client, outcome);
		account.results = &results;
		account.outcome = outcome;
		size_t len = strlen(strcpy(added, RESULTS_FIELD ": "));
		len += policyd_outcome_field(outcome, conf, &results, &envelope, "\n\t",
		                             added + len, AUTH_RESULTS_SIZE);
		strcpy(added + len, "\n");
	}
	policyd_outcome_log(log, &account);
	return true;
}

int policyd_message(const struct policyd_message *message, struct policyd_conf *conf,
                    const struct policyd_log *log)
{
	struct policyd_incoming incoming = { 0 };
	struct policyd_outcome outcome = { .disposition = DMARC_DELIVER };
	struct reading reading = { .authserv_id = conf->settings.hostname };
	errno = 0;
	reading.forged = calloc(RESULTS_FORGED_MAX, sizeof(*reading.forged));
	char *added = calloc(1, sizeof(RESULTS_FIELD) + AUTH_RESULTS_SIZE + 4);
	bool is_good =
		added && reading.forged && policyd_incoming_init(&incoming, conf) &&
		(message->file == stdin || (copy(stdin, message->file, UINT64_MAX) &&
	                                    fflush(message->file) == 0)) &&
		verify(message, &incoming, log, &reading, added, &outcome) &&
		(reading.refusal || write_message(message->file, &reading, added));
	if (!is_good)
		policyd_log(log, LOG_ERR, "the message cannot be verified: %s",
		            errno ? strerror(errno) : "a header field is too large");
	else if (outcome.reply[0] != '\0')
		fprintf(stderr, "mailauth-policyd: %s\n", outcome.reply);
	policyd_incoming_done(&incoming);
	free(reading.forged);
	free(added);
	return is_good ? status_of(&outcome) : POLICYD_EXIT_FAILURE;
}
