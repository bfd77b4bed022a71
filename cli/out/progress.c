/* A bar on one terminal line, redrawn with "\r" and cleared at its end. */
#include "cli/out/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/ctx.h"

#define REDRAW_NS (100 * NS_PER_MS)
#define BAR_MOST 40
#define BAR_LEAST 5
#define CLEAR_LINE "\r\033[K"

struct progress {
	FILE *stream; /* NULL: nothing is drawn */
	char *what;
	size_t total;
	int64_t start_ns, drawn_ns; /* drawn_ns 0: not on the screen */
};

struct progress *progress_new(FILE *stream, const char *what, size_t total, bool is_quiet)
{
	struct progress *progress = xcalloc(1, sizeof(*progress));
	const char *term = getenv("TERM");
	bool is_dumb = term && strcmp(term, "dumb") == 0;
	int fd = stream ? fileno(stream) : -1;
	progress->stream = !is_quiet && !is_dumb && fd >= 0 && isatty(fd) ? stream : NULL;
	progress->what = xstrdup(what);
	progress->total = total;
	progress->start_ns = monotonic_ns();
	return progress;
}

static size_t terminal_width(const struct progress *progress)
{
	struct winsize size;
	if (ioctl(fileno(progress->stream), TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return 80;
}

/* "  37/s  2m28s left", once a rate can be computed. */
static void add_rate(struct buf *into, const struct progress *progress, size_t done,
                     int64_t now)
{
	double seconds = (double)(now - progress->start_ns) / (double)NS_PER_SEC;
	if (!done || seconds < 0.5)
		return;
	double rate = (double)done / seconds;
	int64_t left = (int64_t)((double)(progress->total - done) / rate + 0.5);
	buf_printf(into, rate < 10 ? "  %.1f/s" : "  %.0f/s", rate);
	if (left >= 3600)
		buf_printf(into, _("  %" PRId64 "h%02" PRId64 "m left"), left / 3600,
		           left / 60 % 60);
	else if (left >= 60)
		buf_printf(into, _("  %" PRId64 "m%02" PRId64 "s left"), left / 60,
		           left % 60);
	else
		buf_printf(into, _("  %" PRId64 "s left"), left);
}

static void draw(struct progress *progress, size_t done, int64_t now)
{
	auto_buf line = BUF_INIT;
	auto_buf tail = BUF_INIT;
	buf_printf(&tail, "  %zu/%zu", done, progress->total);
	add_rate(&tail, progress, done, now);
	/* One column is unused: some terminals wrap after the last one. */
	size_t width = terminal_width(progress) - 1;
	size_t taken = strlen(progress->what) + strlen(" []") + tail.len;
	size_t bar = taken >= width             ? 0
	             : width - taken > BAR_MOST ? BAR_MOST
	                                        : width - taken;
	buf_puts(&line, progress->what);
	if (bar >= BAR_LEAST) {
		size_t filled = progress->total ? (size_t)((double)bar * (double)done /
		                                           (double)progress->total)
		                                : bar;
		buf_puts(&line, " [");
		for (size_t i = 0; i < bar; i++)
			buf_putc(&line, i < filled ? '#' : '.');
		buf_putc(&line, ']');
	}
	buf_add(&line, buf_text(&tail), tail.len);
	if (line.len > width)
		line.len = width;
	while (line.len && ((unsigned char)line.at[line.len] & 0xC0) == 0x80)
		line.len--; /* not within a character */
	fprintf(progress->stream, "%s%.*s", CLEAR_LINE, (int)line.len, buf_text(&line));
	fflush(progress->stream);
	progress->drawn_ns = now;
}

void progress_set(struct progress *progress, size_t done)
{
	if (!progress->stream)
		return;
	int64_t now = monotonic_ns();
	if (done > progress->total)
		done = progress->total;
	if (!progress->drawn_ns || now - progress->drawn_ns >= REDRAW_NS)
		draw(progress, done, now);
}

void progress_clear(struct progress *progress)
{
	if (!progress->stream || !progress->drawn_ns)
		return;
	fputs(CLEAR_LINE, progress->stream);
	fflush(progress->stream);
	progress->drawn_ns = 0;
}

void progress_free(struct progress *progress)
{
	if (!progress)
		return;
	progress_clear(progress);
	free(progress->what);
	free(progress);
}
