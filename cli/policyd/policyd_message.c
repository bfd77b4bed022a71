/*
 * The field is written before all others, but known after the body only, so the message is read twice.
 * What is written is the message as it came, octet by octet, without the forged fields: the second
 * reading finds the same fields as the first one (dkim_message.h).
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

#define FIELD "Authentication-Results"

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

static bool copy(FILE *from, FILE *to)
{
	char octets[16 * 1024];
	size_t len;
	while ((len = fread(octets, 1, sizeof(octets), from)) > 0)
		if (fwrite(octets, 1, len, to) != len)
			return false;
	return !ferror(from) && fflush(to) == 0;
}

/* ---- verifying ------------------------------------------------------------------------------- */

struct reading {
	struct message_verifier *verifier; /* NULL: only forged fields are counted */
	const char *authserv_id;
	size_t forged;
};

static bool is_forged(struct octets name, struct octets value, const char *authserv_id)
{
	char text[64];
	if (name.len >= sizeof(text))
		return false;
	memcpy(text, name.at, name.len);
	text[name.len] = '\0';
	return results_is_field(text) && results_claim(value.at, value.len, authserv_id);
}

static void on_field(void *arg, struct octets name, struct octets value)
{
	struct reading *reading = arg;
	reading->forged += is_forged(name, value, reading->authserv_id);
	if (reading->verifier)
		message_verifier_field(reading->verifier, name, value);
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
	struct dkim_message message = { .field = on_field,
		                        .end_fields = on_end_fields,
		                        .body = on_body,
		                        .arg = reading };
	char octets[16 * 1024];
	size_t len;
	bool is_good = true;
	rewind(file);
	while (is_good && (len = fread(octets, 1, sizeof(octets), file)) > 0)
		is_good = dkim_message_feed(&message, octets, len);
	dkim_message_end(&message);
	return is_good && !ferror(file);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool write_octets(const char *octets, size_t len)
{
	return len == 0 || fwrite(octets, 1, len, stdout) == len;
}

/* A line that goes on with the field before it, or is a field, ends in ':' after its name. */
static bool is_continued(const char *line)
{
	return *line == ' ' || *line == '\t';
}

static size_t name_len(const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	return colon ? (size_t)(colon - line) : 0;
}

/* The held field, unless it is forged. */
static bool flush(struct buf *field, const char *authserv_id)
{
	size_t name = field->len ? name_len(field->at, field->len) : 0;
	bool goes = name > 0 && is_forged((struct octets){ field->at, name },
	                                  (struct octets){ field->at + name + 1,
	                                                   field->len - name - 1 },
	                                  authserv_id);
	bool is_good = goes || write_octets(field->at, field->len);
	buf_clear(field);
	return is_good;
}

/* The message with `added` (a whole field without line ends, or "") on top. */
static bool write_message(FILE *file, const char *authserv_id, const char *added)
{
	auto_buf field = BUF_INIT;
	auto_free char *line = NULL;
	size_t room = 0;
	ssize_t len;
	bool is_good = true, is_first = true;
	rewind(file);
	while (is_good && (len = getline(&line, &room, file)) > 0) {
		bool is_mbox = is_first && strncmp(line, "From ", 5) == 0;
		bool is_crlf = len > 1 && line[len - 2] == '\r';
		if (is_mbox)
			is_good = write_octets(line, (size_t)len);
		for (const char *c = added; is_good && is_first && *c; c++)
			is_good = (*c != '\n' || !is_crlf || putchar('\r') != EOF) &&
			          putchar(*c) != EOF;
		is_first = false;
		if (is_mbox)
			continue;
		bool is_within = is_continued(line) && field.len > 0;
		if (!is_within)
			is_good = is_good && flush(&field, authserv_id);
		if (!is_within && name_len(line, (size_t)len) == 0) {
			is_good = is_good && write_octets(line, (size_t)len);
			return is_good && copy(file, stdout);
		}
		buf_add(&field, line, (size_t)len);
	}
	if (is_first) /* nothing came */
		is_good = write_octets(added, strlen(added));
	return is_good && !ferror(file) && flush(&field, authserv_id) &&
	       fflush(stdout) == 0;
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

/* False: a fault of our own. */
static bool verify(const struct policyd_message *message,
                   struct policyd_incoming *incoming, const struct policyd_log *log,
                   char *added, struct policyd_outcome *outcome)
{
	struct policyd_conf *conf = incoming->conf;
	struct message_envelope envelope = { .sender = without_brackets(message->sender),
		                             .helo = octets_of(message->helo) };
	struct reading reading = { .authserv_id = conf->settings.hostname };
	struct message_results results;
	if (!address_parse(message->client, envelope.client))
		return false;
	const struct network client = policyd_client(envelope.client);
	struct policyd_account account = { .id = "",
		                           .envelope = &envelope,
		                           .unverified =
		                                   skip_reason(message, conf, &client) };
	if (!account.unverified)
		reading.verifier = incoming->verifier;
	if (!read_message(message->file, &reading))
		return false;
	account.forged = reading.forged;
	account.began = monotonic_ns();
	if (!account.unverified) {
		if (!policyd_incoming_finish(incoming, &envelope, &results))
			return false;
		policyd_outcome(conf, &results, &client, outcome);
		account.results = &results;
		account.outcome = outcome;
		size_t len = strlen(strcpy(added, FIELD ": "));
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
	errno = 0;
	char *added = calloc(1, sizeof(FIELD) + AUTH_RESULTS_SIZE + 4);
	bool is_good = added && policyd_incoming_init(&incoming, conf) &&
	               (message->file == stdin || copy(stdin, message->file)) &&
	               verify(message, &incoming, log, added, &outcome) &&
	               write_message(message->file, conf->settings.hostname, added);
	if (!is_good)
		policyd_log(log, LOG_ERR, "the message cannot be verified: %s",
		            errno ? strerror(errno) : "a header field is too large");
	else if (outcome.reply[0] != '\0')
		fprintf(stderr, "mailauth-policyd: %s\n", outcome.reply);
	policyd_incoming_done(&incoming);
	free(added);
	return is_good ? status_of(&outcome) : POLICYD_EXIT_FAILURE;
}
