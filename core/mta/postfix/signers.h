/*
 * core/mta/postfix/signers.h: an administrator's programs that sign mail on this host: OpenDKIM,
 * dkimpy-milter, rspamd, amavis, by their configuration, and any other filter by a probe.
 */
#ifndef CORE_MTA_POSTFIX_SIGNERS_H
#define CORE_MTA_POSTFIX_SIGNERS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/postfix/postfix_master.h"
#include "core/store/store.h"

struct signer {
	char *program;  /* "OpenDKIM", "rspamd"; the socket of one that signed a probe */
	char *file;     /* its configuration; NULL: a probe was signed */
	bool is_filter; /* it is the filter that ours would replace */
	bool is_open;   /* ... also for domains that cannot be determined */
	char **domain;
	size_t domains, room;
};

struct signers {
	struct signer *at;
	size_t count, room;
};

#define SIGNERS_INIT ((struct signers){ 0 })
#define auto_signers cleanup(signers_done) struct signers
void signers_done(struct signers *signers);

/* Reads the configurations; empty tables sign for no domain.  `main`: without ours.  A
 * configuration that cannot be read counts as signing. */
void signers_read(struct ctx *ctx, const struct main_cf *main,
                  const struct master_cf *master, struct signers *signers);

/* Sends a message of some domains of this host to each milter of the administrator's, as from an
 * authenticated customer.  `filter`: the one that ours would replace, NULL: none.  Takes a few
 * seconds at most; nothing is delivered. */
void signers_ask(struct ctx *ctx, struct store *store, const struct main_cf *main,
                 const struct master_cf *master, const char *queue_dir,
                 const char *filter, struct signers *signers);

/* "example.com, example.net and 3 more", for a sentence.  Caller frees. */
char *signer_domains(const struct signer *signer) must_check;
/* How to make it stop, as a clause of a sentence.  Caller frees. */
char *signer_remedy(const struct signer *signer) must_check;

#endif
