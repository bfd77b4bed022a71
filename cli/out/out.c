/*
 * Typed output: checks the order of columns and rows, and records failures of the stream; the
 * renderers do the rest.  A handler that calls out of order is a defect: abort.
 */
#include "cli/out/out.h"

#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/out/out_inner.h"
#include "cli/out/out_layout.h"
#include "core/base/alloc.h"

static unsigned detect_width(FILE *stream)
{
	struct winsize size;
	int fd = fileno(stream);
	if (fd < 0 || !isatty(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return 80;
}

struct out *out_new(enum out_format format, FILE *stream, bool is_coloured,
                    unsigned width)
{
	static const struct out_renderer *const renderers[] = {
		[OUT_FORMAT_TABLE] = &out_table_renderer,
		[OUT_FORMAT_JSON] = &out_json_renderer,
		[OUT_FORMAT_TSV] = &out_tsv_renderer,
	};
	struct out *out = xcalloc(1, sizeof(*out));
	out->format = format;
	out->renderer = renderers[format];
	out->stream = stream;
	out->is_coloured = is_coloured;
	out->width = width ? width : detect_width(stream);
	return out;
}

void out_free(struct out *out)
{
	if (!out)
		return;
	if (out->renderer->free)
		out->renderer->free(out);
	free(out);
}

unsigned out_get_width(const struct out *out)
{
	return out->width;
}

enum out_format out_get_format(const struct out *out)
{
	return out->format;
}

bool out_can_colour(FILE *stream)
{
	const char *off = getenv("NO_COLOR"), *term = getenv("TERM");
	int fd = fileno(stream);
	return !(off && *off) && !(term && strcmp(term, "dumb") == 0) && fd >= 0 &&
	       isatty(fd);
}

void out_write(struct out *out, const char *octets, size_t len)
{
	if (out->write_errno || !len)
		return;
	errno = 0;
	if (fwrite(octets, 1, len, out->stream) != len)
		out->write_errno = errno ? errno : EIO;
}

void out_puts(struct out *out, const char *text)
{
	out_write(out, text, strlen(text));
}

/* The length of the UTF-8 sequence at `at` (RFC 3629), 0 if there is none. */
static size_t utf8_len(const unsigned char *at)
{
	if (at[0] < 0x80)
		return 1;
	size_t len = at[0] >= 0xC2 && at[0] <= 0xDF ? 2 : (at[0] & 0xF0) == 0xE0 ? 3 : 4;
	if (at[0] < 0xC2 || at[0] > 0xF4)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xC0) != 0x80) /* also at the final NUL */
			return 0;
	/* Overlong forms, surrogates, beyond U+10FFFF. */
	if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F) ||
	    (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F))
		return 0;
	return len;
}

static wchar_t utf8_code(const unsigned char *at, size_t len)
{
	wchar_t code = len == 1 ? at[0] : at[0] & (0x7F >> len);
	for (size_t i = 1; i < len; i++)
		code = code << 6 | (at[i] & 0x3F);
	return code;
}

/* Whether a terminal shows it as text.  Not: controls, unassigned characters, characters that the
 * locale cannot encode, and U+200E/F, U+2028..E, U+2066..9, which break lines or change the
 * direction of writing. */
static bool is_shown(wchar_t code)
{
	if (code < 0x80)
		return code >= 0x20 && code != 0x7F;
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0 || wcwidth(code) < 0)
		return false;
	return code != 0x200E && code != 0x200F && !(code >= 0x2028 && code <= 0x202E) &&
	       !(code >= 0x2066 && code <= 0x2069);
}

void out_add_clean(struct buf *into, const char *text, bool is_for_terminal)
{
	for (const unsigned char *at = (const unsigned char *)text; *at;) {
		size_t len = utf8_len(at);
		wchar_t code = len ? utf8_code(at, len) : 0xFFFD;
		if (is_for_terminal && !is_shown(code))
			buf_putc(into, '?');
		else if (len)
			buf_add(into, at, len);
		else
			buf_puts(into, "\xEF\xBF\xBD");
		at += len ? len : 1;
	}
}

static void begin(struct out *out, enum out_place place, const struct out_column *columns,
                  size_t count)
{
	out->place = place;
	out->columns = columns;
	out->column_count = count;
	out->at = out->row = 0;
}

static void begin_outermost(struct out *out, enum out_place place,
                            const struct out_column *columns, size_t count)
{
	if (out->is_open || !count)
		abort();
	out->is_open = true;
	out->is_object = place == OUT_IN_OBJECT;
	begin(out, place, columns, count);
	if (out->renderer->begin)
		out->renderer->begin(out);
}

void out_list_begin(struct out *out, const struct out_column *columns, size_t count)
{
	begin_outermost(out, OUT_IN_LIST, columns, count);
}

void out_object_begin(struct out *out, const struct out_column *columns, size_t count)
{
	begin_outermost(out, OUT_IN_OBJECT, columns, count);
}

void out_line_begin(struct out *out, const struct out_column *columns, size_t count)
{
	out->kept = out->renderer;
	out->renderer = &out_json_renderer;
	out->is_line = true;
	begin_outermost(out, OUT_IN_OBJECT, columns, count);
}

void out_row_end(struct out *out)
{
	if (!out->is_open || out->at != out->column_count)
		abort();
	if (out->place == OUT_IN_OBJECT)
		return;
	if (out->renderer->row_end)
		out->renderer->row_end(out);
	out->row++;
	out->at = 0;
}

void out_end(struct out *out)
{
	size_t expected = out->place == OUT_IN_OBJECT ? out->column_count : 0;
	if (!out->is_open || out->place == OUT_IN_NESTED || out->at != expected)
		abort();
	if (out->renderer->end)
		out->renderer->end(out);
	out->is_open = false;
	if (out->is_line)
		out->renderer = out->kept;
	out->is_line = false;
}

void out_nested_begin(struct out *out, const char *key, const char *title,
                      const struct out_column *columns, size_t count)
{
	if (!out->is_open || out->place != OUT_IN_OBJECT || out->at != out->column_count)
		abort();
	out->nested_key = key;
	out->nested_title = title;
	begin(out, OUT_IN_NESTED, columns, count);
	if (out->renderer->nested_begin)
		out->renderer->nested_begin(out);
}

void out_nested_end(struct out *out)
{
	if (!out->is_open || out->place != OUT_IN_NESTED || out->at)
		abort();
	if (out->renderer->nested_end)
		out->renderer->nested_end(out);
	/* The object's own cells are complete: only listings or the end may follow. */
	begin(out, OUT_IN_OBJECT, NULL, 0);
}

static void set_cell(struct out *out, const struct out_cell *cell, int type)
{
	if (!out->is_open || out->at >= out->column_count)
		abort();
	const struct out_column *column = &out->columns[out->at];
	if (type >= 0 && (int)column->type != type)
		abort();
	out->renderer->cell(out, column, cell);
	out->at++;
}

void out_text(struct out *out, const char *text)
{
	set_cell(out, &(struct out_cell){ .is_null = !text, .text = text }, OUT_TEXT);
}

void out_octets(struct out *out, struct octets octets)
{
	if (!octets.len) {
		out_text(out, NULL);
		return;
	}
	auto_free char *text = xmemdup(octets.at, octets.len);
	for (size_t i = 0; i < octets.len; i++)
		if (text[i] == '\0')
			text[i] = '?';
	out_text(out, text);
}

void out_int(struct out *out, int64_t value)
{
	set_cell(out, &(struct out_cell){ .number = value }, OUT_INT);
}

void out_bool(struct out *out, bool value)
{
	set_cell(out, &(struct out_cell){ .number = value }, OUT_BOOL);
}

void out_time(struct out *out, int64_t unix_seconds)
{
	set_cell(out,
	         &(struct out_cell){ .is_null = !unix_seconds, .number = unix_seconds },
	         OUT_TIME);
}

void out_list(struct out *out, const char *const *items, size_t count)
{
	set_cell(out, &(struct out_cell){ .items = items, .item_count = count },
	         OUT_LIST);
}

void out_null(struct out *out)
{
	set_cell(out, &(struct out_cell){ .is_null = true }, -1);
}

void out_plain(struct out *out, const char *text, size_t len)
{
	out_write(out, text, len);
}

void out_line(struct out *out, const char *text)
{
	out_plain(out, text, strlen(text));
	out_plain(out, "\n", 1);
}

int out_finish(struct out *out, struct err *err)
{
	errno = 0;
	if ((fflush(out->stream) || ferror(out->stream)) && !out->write_errno)
		out->write_errno = errno ? errno : EIO;
	if (out->write_errno)
		return err_errno(err, out->write_errno,
		                 _("cannot write to standard output"));
	return 0;
}
