/* The message and its envelope, as qmail-smtpd hands them over. */
#include "cli/queue/queue_envelope.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 16384

int queue_open_file(void)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	if (!folder || *folder != '/')
		folder = "/tmp";
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	/* a file system without them: the name is gone before anything is written */
	if (snprintf(path, sizeof(path), "%s/mailauth-queue.XXXXXX", folder) >=
	    (int)sizeof(path))
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(path);
	return fd;
}

static ssize_t read_some(int fd, char *into, size_t size)
{
	ssize_t len;
	do
		len = read(fd, into, size);
	while (len < 0 && errno == EINTR);
	return len;
}

static bool write_all(int fd, const char *octets, size_t len)
{
	while (len > 0) {
		ssize_t count = write(fd, octets, len);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		octets += count;
		len -= (size_t)count;
	}
	return true;
}

int queue_copy(int from, int to)
{
	char octets[PIECE];
	ssize_t len;
	while ((len = read_some(from, octets, sizeof(octets))) > 0)
		if (!write_all(to, octets, (size_t)len))
			return QUEUE_WRITE;
	return len < 0 ? QUEUE_READ : 0;
}

/* ---- the envelope ----------------------------------------------------------------------------- */

struct envelope {
	enum { WANT_SENDER, IN_SENDER, WANT_RECIPIENT, IN_RECIPIENT, AT_END } at;
	size_t len; /* of the present address */
	char *sender;
};

static int take_octet(struct envelope *envelope, char c)
{
	switch (envelope->at) {
	case WANT_SENDER:
		envelope->at = IN_SENDER;
		return c == 'F' ? 0 : QUEUE_ENVELOPE;
	case WANT_RECIPIENT:
		envelope->len = 0;
		envelope->at = c ? IN_RECIPIENT : AT_END;
		return c == 'T' || c == '\0' ? 0 : QUEUE_ENVELOPE;
	case AT_END:
		return QUEUE_ENVELOPE;
	default:
		break;
	}
	if (envelope->len >= QUEUE_ADDRESS_MAX)
		return QUEUE_TOO_LONG;
	if (envelope->at == IN_SENDER)
		envelope->sender[envelope->len] = c;
	envelope->len++;
	if (c == '\0')
		envelope->at = WANT_RECIPIENT;
	return 0;
}

int queue_copy_envelope(int from, int to, char *sender)
{
	struct envelope envelope = { .sender = sender };
	char octets[PIECE];
	ssize_t len;
	while ((len = read_some(from, octets, sizeof(octets))) > 0) {
		for (ssize_t i = 0; i < len; i++) {
			int status = take_octet(&envelope, octets[i]);
			if (status)
				return status;
		}
		if (!write_all(to, octets, (size_t)len))
			return QUEUE_WRITE;
	}
	return len < 0 || envelope.at != AT_END ? QUEUE_READ : 0;
}

/* ---- the client ------------------------------------------------------------------------------- */

static bool begins(const char *at, const char *end, const char *word)
{
	size_t len = strlen(word);
	return (size_t)(end - at) >= len && memcmp(at, word, len) == 0;
}

static const char *next_line(const char *at, const char *end)
{
	const char *feed = memchr(at, '\n', (size_t)(end - at));
	return feed ? feed + 1 : end;
}

static void take_name(const char *at, const char *end, char stop,
                      struct queue_client *client)
{
	const char *to = memchr(at, stop, (size_t)(end - at));
	size_t len = to ? (size_t)(to - at) : 0;
	if (len == 0 || len > QUEUE_NAME_MAX)
		return;
	memcpy(client->helo, at, len);
	client->helo[len] = '\0';
}

/* "ESMTPA", "ESMTPSA", "SMTPA". */
static bool is_login(const char *at, const char *end)
{
	size_t len = 0;
	while (at + len < end && isalnum((unsigned char)at[len]))
		len++;
	return len >= 5 && memmem(at, len, "SMTP", 4) && at[len - 1] == 'A';
}

/* " from NAME (HELO NAME) (ident@ADDRESS)\n  by NAME with PROTOCOL; date": qmail replaces what is not
 * an ordinary character in a name, so a blank or a bracket is its own. */
void queue_read_received(const char *text, size_t len, struct queue_client *ret_client)
{
	const char *at = text, *end = text + len;
	*ret_client = (struct queue_client){ 0 };
	while (begins(at, end, "Received-SPF:"))
		do
			at = next_line(at, end);
		while (at < end && (*at == ' ' || *at == '\t'));
	if (!begins(at, end, "Received: "))
		return;
	const char *by = next_line(at, end);
	at += strlen("Received: ");
	const char *helo = memmem(at, (size_t)(by - at), "(HELO ", 6);
	if (helo)
		take_name(helo + 6, by, ')', ret_client);
	else if (begins(at, by, "from "))
		take_name(at + 5, by, ' ', ret_client);
	const char *line = next_line(by, end);
	const char *with = begins(by, end, "  by ")
	                           ? memmem(by, (size_t)(line - by), " with ", 6)
	                           : NULL;
	ret_client->is_authenticated = with && is_login(with + 6, line);
}

/* ---- the reply -------------------------------------------------------------------------------- */

void queue_reply(const char *words, bool is_final, char *into, size_t size)
{
	char status[16] = "", line[200];
	const char *text = words;
	size_t len = 0;
	if (isdigit((unsigned char)text[0]) && strlen(text) > 4 && text[3] == ' ')
		text += 4;
	size_t digits = strspn(text, "0123456789.");
	if (digits >= 5 && digits < sizeof(status) && text[digits] == ' ') {
		memcpy(status, text, digits);
		status[digits] = '\0';
		text += digits + 1;
	}
	for (; *text && *text != '\n' && len < sizeof(line) - 1; text++)
		line[len++] = (char)(*text >= ' ' && *text < 0x7f ? *text : '?');
	line[len] = '\0';
	snprintf(into, size, "%c%s (#%s)", is_final ? 'D' : 'Z',
	         len ? line : "mail is refused",
	         *status    ? status
	         : is_final ? "5.7.1"
	                    : "4.7.1");
}
