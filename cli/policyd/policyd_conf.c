/*
 * Two arenas are used in turn: a new file is read into the unused one, and is applied only if all
 * of it is valid.  A file is identified by its inode, size and times, so following it costs one
 * stat(2) per request.
 */
#include "cli/policyd/policyd_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/ctx.h"

/* The tree of the largest file, its texts and lists; unused pages cost nothing. */
#define CONF_MEMORY (8 * 1024 * 1024)

static struct policyd_file file_of(const struct stat *st)
{
	return (struct policyd_file){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = st->st_size,
		.mtime_ns = st->st_mtim.tv_sec * NS_PER_SEC + st->st_mtim.tv_nsec,
		.ctime_ns = st->st_ctim.tv_sec * NS_PER_SEC + st->st_ctim.tv_nsec,
	};
}

static bool is_same_file(const struct policyd_file *a, const struct policyd_file *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

/* Reads the whole file into `mem`. ret_file is set whenever a file exists. */
static int read_file(const char *path, struct arena *mem, struct policyd_file *ret_file,
                     const char **ret_octets, size_t *ret_len, struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot read %s", path);
	*ret_file = file_of(&st);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FAILED, "%s is not a regular file", path);
	if (st.st_size > POLICYD_SIZE_MAX)
		return err_set(err, ERR_FAILED, "%s is larger than %d octets", path,
		               POLICYD_SIZE_MAX);
	char *octets = arena_alloc(mem, (size_t)st.st_size);
	if (!octets)
		return err_set(err, ERR_FAILED, "there is no memory left for %s", path);
	size_t len = 0;
	while (len < (size_t)st.st_size) {
		ssize_t got = read(fd, octets + len, (size_t)st.st_size - len);
		if (got < 0)
			return err_errno(err, errno, "cannot read %s", path);
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_octets = octets;
	*ret_len = len;
	return 0;
}

/* policyd_settings_parse() has checked each of them. */
static int parse_relays(const struct policyd_settings *settings, struct arena *mem,
                        struct network **ret_relays, struct err *err)
{
	struct network *relays =
		arena_calloc(mem, settings->trusted_relays.count, sizeof(*relays));
	if (!relays)
		return err_set(err, ERR_FAILED, "there is no memory left");
	for (size_t i = 0; i < settings->trusted_relays.count; i++) {
		if (!network_parse(settings->trusted_relays.text[i], &relays[i]))
			return err_set(err, ERR_FAILED, "\"%s\" is not a network",
			               settings->trusted_relays.text[i]);
		network_unmap(&relays[i]);
	}
	*ret_relays = relays;
	return 0;
}

static int choose_servers(const struct policyd_settings *settings,
                          struct query_servers *ret_servers, struct err *err)
{
	if (settings->nameservers.count == 0)
		return query_servers_system(ret_servers, err);
	struct query_servers servers = { 0 };
	for (size_t i = 0; i < settings->nameservers.count; i++) {
		struct query_servers one;
		int rc = query_servers_parse(settings->nameservers.text[i], &one, err);
		if (rc < 0)
			return rc;
		for (unsigned k = 0; k < one.count && servers.count < QUERY_SERVERS_MAX;
		     k++)
			servers.at[servers.count++] = one.at[k];
	}
	*ret_servers = servers;
	return 0;
}

/* Applies the file, or leaves everything but conf->file unchanged. */
static int load(struct policyd_conf *conf, struct err *err)
{
	unsigned next = 1 - conf->now;
	struct arena *mem = &conf->mem[next];
	arena_reset(mem);
	const char *octets = NULL;
	size_t len = 0;
	struct policyd_settings settings;
	struct network *relays = NULL;
	struct exceptions exceptions = { 0 };
	struct query_servers servers = conf->servers;
	int rc = read_file(conf->path, mem, &conf->file, &octets, &len, err);
	if (rc == 0)
		rc = policyd_settings_parse(conf->path, octets, len, mem, &settings, err);
	if (rc == 0)
		rc = parse_relays(&settings, mem, &relays, err);
	if (rc == 0 &&
	    !exceptions_read(settings.dmarc_exceptions.text,
	                     settings.dmarc_exceptions.count, mem, &exceptions))
		rc = err_set(err, ERR_FAILED, "there is no memory left");
	if (rc == 0 && !conf->has_servers)
		rc = choose_servers(&settings, &servers, err);
	if (rc < 0)
		return rc;
	conf->settings = settings;
	conf->relays = relays;
	conf->exceptions = exceptions;
	conf->servers = servers;
	conf->now = next;
	conf->version++;
	return 0;
}

int policyd_conf_open(struct policyd_conf *conf, const char *path, const char *nameserver,
                      struct err *err)
{
	*conf = (struct policyd_conf){ .path = path };
	if (!arena_open(&conf->mem[0], CONF_MEMORY) ||
	    !arena_open(&conf->mem[1], CONF_MEMORY))
		return err_set(err, ERR_FAILED, "there is no memory left");
	if (nameserver) {
		int rc = query_servers_parse(nameserver, &conf->servers, err);
		if (rc < 0)
			return rc;
		conf->has_servers = true;
	}
	return load(conf, err);
}

void policyd_conf_done(struct policyd_conf *conf)
{
	arena_done(&conf->mem[0]);
	arena_done(&conf->mem[1]);
}

void policyd_conf_follow(struct policyd_conf *conf, const struct policyd_log *log)
{
	struct stat st;
	struct policyd_file file = { 0 }; /* none */
	if (stat(conf->path, &st) == 0)
		file = file_of(&st);
	if (is_same_file(&file, &conf->file))
		return;
	struct err err = ERR_INIT;
	conf->file = file;
	if (load(conf, &err) == 0)
		policyd_log(log, LOG_INFO, "settings read again from %s", conf->path);
	else
		policyd_log(log, LOG_ERR, "%s; the former settings stay in force",
		            err.text);
}

bool policyd_conf_is_trusted(const struct policyd_conf *conf,
                             const struct network *client)
{
	static const struct network loopback[] = {
		{ .family = AF_INET, .octets = { 127 }, .bits = 8 },
		{ .family = AF_INET6, .octets = { [15] = 1 }, .bits = 128 },
	};
	for (size_t i = 0; i < ARRAY_LEN(loopback); i++)
		if (network_holds(&loopback[i], client))
			return true;
	return network_is_in(conf->relays, conf->settings.trusted_relays.count, client);
}
