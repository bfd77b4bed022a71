/* cli/policyd/policyd_conf.h: the rendered settings of mailauth-policyd, read again when they
 * change. */
#ifndef CLI_POLICYD_POLICYD_CONF_H
#define CLI_POLICYD_POLICYD_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/policyd/policyd_log.h"
#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/base/network.h"
#include "dnszone/query/query.h"
#include "dnszone/verify/exceptions.h"
#include "dnszone/verify/policyd_settings.h"

struct policyd_file { /* identifies a content */
	uint64_t device, inode;
	int64_t size, mtime_ns, ctime_ns;
};

struct policyd_conf {
	const char *path;                 /* borrowed */
	struct policyd_settings settings; /* in mem[now] */
	struct network *relays;           /* settings.trusted_relays, parsed */
	struct exceptions exceptions;     /* settings.dmarc_exceptions, parsed */
	struct query_servers servers;     /* the name servers to query */
	bool has_servers;    /* --nameserver was given: the file's are ignored */
	struct arena mem[2]; /* of the present settings, and of those being read */
	unsigned now;
	unsigned version;         /* counts the files that were applied */
	struct policyd_file file; /* the last file that was tried, valid or not */
};

/* Reads `path`.  `nameserver` NULL: those of the file, or the system's. */
int policyd_conf_open(struct policyd_conf *conf, const char *path, const char *nameserver,
                      struct err *err) must_check;
void policyd_conf_done(struct policyd_conf *conf);

/* Reads the file again if it differs from the last one that was tried.  A missing or invalid file
 * is logged once, and the previous settings remain in force. */
void policyd_conf_follow(struct policyd_conf *conf, const struct policyd_log *log);

/* Whether mail from this address is not checked: loopback and trusted relays. */
bool policyd_conf_is_trusted(const struct policyd_conf *conf,
                             const struct network *client) must_check;

#endif
