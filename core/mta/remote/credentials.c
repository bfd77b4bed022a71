/* The file with the account for a remote mail server. */
#include "core/mta/remote/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/mta/remote/pin.h"

#define FILE_LIMIT ((size_t)16384)

void credentials_done(struct credentials *credentials)
{
	secret_done(&credentials->user);
	secret_done(&credentials->password);
	free(credentials->pin);
	*credentials = CREDENTIALS_INIT;
}

bool credentials_are_in(const struct credentials *credentials, const char *text)
{
	return credentials->password.at &&
	       strstr(text, (const char *)credentials->password.at) != NULL;
}

/* With its NUL, so that it can be used as a text. */
static void set_text(struct secret *secret, const char *text, size_t len)
{
	auto_buf copy = BUF_INIT;
	buf_reserve(&copy, len + 1);
	buf_add(&copy, text, len);
	secret_set(secret, buf_text(&copy), len + 1);
	secret->len = len;
	explicit_bzero(copy.at, copy.room);
}

static int read_pin(const struct ctx *ctx, const char *path, const char *certificate,
                    size_t len, char **ret_pin, struct err *err)
{
	auto_free char *name = xmemdup(certificate, len);
	auto_buf pem = BUF_INIT;
	if (!path_is_plain(name))
		return err_set(err, ERR_FAILED,
		               _("%s: the path of the certificate must be absolute"),
		               path);
	int r = file_read(ctx, name, FILE_LIMIT, &pem, NULL, err);
	if (r == 0)
		r = pin_of(buf_text(&pem), pem.len, ret_pin, err);
	return r == 0 ? 0 : err_prefix(err, "%s", name);
}

static int read_line(const struct ctx *ctx, const char *path, unsigned number,
                     const char *line, size_t len, struct credentials *c, struct err *err)
{
	static const struct {
		const char *word;
		size_t len;
	} words[] = { { "user", 4 }, { "password", 8 }, { "certificate", 11 } };
	size_t word = 0;
	while (word < ARRAY_LEN(words) &&
	       (len < words[word].len + 2 ||
	        memcmp(line, words[word].word, words[word].len) != 0 ||
	        line[words[word].len] != ' '))
		word++;
	if (word == ARRAY_LEN(words) || memchr(line, '\0', len))
		return err_set(err, ERR_FAILED,
		               _("%s, line %u: expected \"user NAME\", \"password TEXT\" "
		                 "or \"certificate PATH\""),
		               path, number);
	const char *value = line + words[word].len + 1;
	size_t value_len = len - words[word].len - 1;
	if ((word == 0 && c->user.at) || (word == 1 && c->password.at) ||
	    (word == 2 && c->pin))
		return err_set(err, ERR_FAILED, _("%s, line %u: a second \"%s\""), path,
		               number, words[word].word);
	if (word == 2)
		return read_pin(ctx, path, value, value_len, &c->pin, err);
	set_text(word == 0 ? &c->user : &c->password, value, value_len);
	return 0;
}

static int read_lines(const struct ctx *ctx, const char *path, const struct buf *text,
                      struct credentials *c, struct err *err)
{
	unsigned number = 0;
	int r = 0;
	for (size_t at = 0; r == 0 && at < text->len;) {
		const char *line = text->at + at;
		const char *feed = memchr(line, '\n', text->len - at);
		size_t len = feed ? (size_t)(feed - line) : text->len - at;
		at += len + 1;
		number++;
		if (len && line[len - 1] == '\r')
			len--;
		if (len && *line != '#')
			r = read_line(ctx, path, number, line, len, c, err);
	}
	if (r == 0 && (!c->user.at || !c->password.at))
		r = err_set(err, ERR_FAILED, _("%s: no line \"%s ...\""), path,
		            c->user.at ? "password" : "user");
	return r;
}

static int check_access(const struct ctx *ctx, const char *path,
                        const struct file_info *info, struct err *err)
{
	if (info->meta.mode & 077) {
		err_set(err, ERR_FAILED,
		        _("%s has mode %04o: other accounts can access the password in it"),
		        path, (unsigned)info->meta.mode);
		return err_add_remedy(err, "chmod 600 %s", path);
	}
	if (info->meta.uid != 0 && info->meta.uid != ctx->uid) {
		err_set(err, ERR_FAILED, _("%s belongs to the user id %u, not to root"),
		        path, (unsigned)info->meta.uid);
		return err_add_remedy(err, "chown root %s", path);
	}
	return file_check_parents(ctx, path, err);
}

int credentials_read(const struct ctx *ctx, const char *path,
                     struct credentials *ret_credentials, struct err *err)
{
	struct credentials c = CREDENTIALS_INIT;
	struct file_info info;
	auto_buf text = BUF_INIT;
	int r = file_look(ctx, path, true, &info, err);
	if (r == 0 && info.kind != FILE_REGULAR)
		r = err_set(
			err, ERR_FAILED,
			info.kind == FILE_ABSENT
				? _("%s (mta.credentials-file) does not exist")
				: _("%s (mta.credentials-file) is not a regular file"),
			path);
	buf_reserve(&text, FILE_LIMIT + 1); /* it does not move while it grows */
	if (r == 0)
		r = file_read(ctx, path, FILE_LIMIT, &text, &info, err);
	if (r == 0)
		r = check_access(ctx, path, &info, err);
	if (r == 0)
		r = read_lines(ctx, path, &text, &c, err);
	explicit_bzero(text.at, text.room);
	if (r == 0)
		*ret_credentials = c;
	else
		credentials_done(&c);
	return r;
}
