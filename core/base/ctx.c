/*
 * Inputs of the pure core: the file root, clock, randomness, processes and messages.  The root is
 * resolved once, here; everything else is opened below its descriptor.
 */
#include "core/base/ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "core/base/alloc.h"

#define WAIT_SECONDS 60
#define NAME_LONGEST 64 /* octets of a login name from sudo */

static int64_t clock_now(const struct ctx *ctx)
{
	(void)ctx;
	return (int64_t)time(NULL);
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The caller controls the environment, and the name is written to the audit trail: it must look
 * like a login name. */
static bool is_user_name(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > NAME_LONGEST || name[0] == '-' || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_letter_or_digit(name[i]) && !strchr("_.-@\\", name[i]))
			return false;
	return true;
}

static char *actor_of(uid_t uid)
{
	const char *behind = uid == 0 ? getenv("SUDO_USER") : NULL;
	if (behind && is_user_name(behind))
		return xstrdup(behind);
	const struct passwd *user = getpwuid(uid);
	if (user && is_user_name(user->pw_name))
		return xstrdup(user->pw_name);
	return xasprintf("uid %lu", (unsigned long)uid);
}

int ctx_init(struct ctx *ctx, const char *root, struct err *err)
{
	bool is_rooted = root && *root;
	auto_free char *real = realpath(is_rooted ? root : "/", NULL);
	if (!real)
		return err_errno(err, errno, _("cannot use %s as the root folder"), root);
	int fd = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, errno, _("cannot open the root folder %s"), real);
	*ctx = (struct ctx){
		.root_fd = fd,
		.root = xstrdup(strcmp(real, "/") == 0 ? "" : real),
		.is_rooted = is_rooted,
		.wait_seconds = WAIT_SECONDS,
		.uid = getuid(),
		.actor = actor_of(getuid()),
		.now = clock_now,
	};
	return 0;
}

struct ctx_kept {
	struct ctx_kept *next;
	char *name;
	void *at;
	void (*close)(void *at);
	pid_t pid; /* that opened it */
};

void ctx_keep(struct ctx *ctx, const char *name, void *at, void (*close)(void *at))
{
	struct ctx_kept *kept = xcalloc(1, sizeof(*kept));
	*kept = (struct ctx_kept){ ctx->kept, xstrdup(name), at, close, getpid() };
	ctx->kept = kept;
}

void *ctx_kept(const struct ctx *ctx, const char *name)
{
	for (const struct ctx_kept *kept = ctx->kept; kept; kept = kept->next)
		if (kept->pid == getpid() && strcmp(kept->name, name) == 0)
			return kept->at;
	return NULL;
}

void ctx_close_kept(struct ctx *ctx)
{
	for (struct ctx_kept *kept = ctx->kept, *next; kept; kept = next) {
		next = kept->next;
		if (kept->pid == getpid())
			kept->close(kept->at);
		free(kept->name);
		free(kept);
	}
	ctx->kept = NULL;
}

void ctx_done(struct ctx *ctx)
{
	ctx_close_kept(ctx);
	/* Descriptor 0 in a zeroed struct is not ours; an opened context always has its root. */
	if (ctx->root)
		close_fd(&ctx->root_fd);
	free(ctx->root);
	free(ctx->actor);
	free(ctx->command);
	*ctx = (struct ctx){ .root_fd = -1 };
}

int64_t ctx_now(const struct ctx *ctx)
{
	return ctx->now(ctx);
}

void ctx_random(const struct ctx *ctx, void *octets, size_t len)
{
	(void)ctx;
	unsigned char *at = octets;
	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);
		if (got < 0) {
			if (errno == EINTR)
				continue;
			abort();
		}
		at += got;
		len -= (size_t)got;
	}
}

void ctx_report(struct ctx *ctx, enum report_level level, const char *fmt, ...)
{
	if (!ctx->report)
		return;
	va_list ap;
	va_start(ap, fmt);
	auto_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	ctx->report(ctx->report_arg, level, text);
}

char *ctx_host_path(const struct ctx *ctx, const char *path)
{
	return xasprintf("%s%s", ctx->root, path);
}

int64_t monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec;
}
