/*
 * core/mta/remote/credentials.h: the account for the interface of a remote mail server: the file that
 * mta.credentials-file names.
 *
 * Lines "user NAME", "password TEXT" (the rest of the line) and, for a server whose certificate no
 * authority signed, "certificate PATH" (PEM: the only certificate that is accepted).  Empty lines and
 * lines that start with '#' are ignored.
 */
#ifndef CORE_MTA_REMOTE_CREDENTIALS_H
#define CORE_MTA_REMOTE_CREDENTIALS_H

#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/base/secret.h"

struct credentials {
	struct secret user, password; /* each followed by a NUL, which is not counted */
	char *pin; /* of the certificate (pin.h); NULL: the system's authorities are trusted */
};
#define CREDENTIALS_INIT ((struct credentials){ 0 })
void credentials_done(struct credentials *credentials);

/* Reads the file `path` inside the root.  Fails: it does not exist, accounts other than its owner can
 * access it, its owner is neither root nor the account that runs us, a line is not one of the above, a
 * line is missing, the certificate cannot be read.  No sentence contains what is in the file. */
int credentials_read(const struct ctx *ctx, const char *path,
                     struct credentials *ret_credentials, struct err *err) must_check;

/* Whether the text contains the password, so that it must not be shown. */
bool credentials_are_in(const struct credentials *credentials,
                        const char *text) must_check;

#endif
