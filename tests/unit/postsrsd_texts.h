/* What the unit tests of postsrsd share. */
#ifndef TESTS_UNIT_POSTSRSD_TEXTS_H
#define TESTS_UNIT_POSTSRSD_TEXTS_H

#include <string.h>

#include "core/base/secret.h"

/* Our block in a configuration of version 2. */
static const char block_v2[] = "# mailauthctl: begin\n"
			       "# Changes between these lines are overwritten.\n"
			       "srs-domain = \"srs.example.com\"\n"
			       "domains-file = \"/etc/mailauthctl/postsrsd.domains\"\n"
			       "secrets-file = \"/etc/postsrsd.secret\"\n"
			       "socketmap = \"unix:/var/spool/postfix/srs\"\n"
			       "# mailauthctl: end\n";

static inline struct secret secret_of(const char *text)
{
	struct secret secret = SECRET_INIT;
	secret_set(&secret, text, strlen(text));
	return secret;
}

#endif
