/*
 * core/mta/mailenable/mailenable_config.h: a copy of the folder Config of a MailEnable server, which is
 * only read.
 *
 * DKIM-<domain>.SYS has the DKIM settings of a domain, in XML.  No link is followed, and sizes and the
 * number of files are limited.  Other files, such as those of keys, are not opened.
 */
#ifndef CORE_MTA_MAILENABLE_MAILENABLE_CONFIG_H
#define CORE_MTA_MAILENABLE_MAILENABLE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/ctx.h"
#include "core/base/err.h"

#define MAILENABLE_FILE_LIMIT ((size_t)65536)
#define MAILENABLE_FILES ((size_t)10000)

struct mailenable_dkim {
	bool signs;
	char *selector; /* of the key with which it signs, lower-case; NULL: none, or not a selector */
	char *record; /* the TXT record that it keeps for that selector; NULL: none */
};
/* The content of a file DKIM-<domain>.SYS.  False: it has no such options; *ret_dkim is unchanged. */
bool mailenable_dkim_read(const char *text, size_t len,
                          struct mailenable_dkim *ret_dkim) must_check;
void mailenable_dkim_done(struct mailenable_dkim *dkim);

struct mailenable_domain {
	char *name;        /* A-labels */
	const char *fault; /* N_(), a clause: why its file was not read; NULL: it was */
	struct mailenable_dkim dkim;
};
struct mailenable_config {
	struct mailenable_domain *domain; /* sorted by name, each once */
	size_t count, room;
	size_t invalid; /* files whose names contain no domain */
	bool is_cut;    /* there are more than MAILENABLE_FILES */
};
/* ERR_MISSING: no such folder; ERR_FAILED: it is not a folder, or cannot be listed. */
int mailenable_config_read(const struct ctx *ctx, const char *folder,
                           struct mailenable_config *ret_config,
                           struct err *err) must_check;
void mailenable_config_done(struct mailenable_config *config);
#define auto_mailenable_config cleanup(mailenable_config_done) struct mailenable_config

#endif
