/* Octets that are wiped before their memory is given back. */
#include "core/base/secret.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"

void secret_done(struct secret *secret)
{
	if (secret->at)
		explicit_bzero(secret->at, secret->len);
	free(secret->at);
	*secret = SECRET_INIT;
}

void secret_set(struct secret *secret, const void *octets, size_t len)
{
	unsigned char *copy = (unsigned char *)xmemdup(octets, len);
	secret_done(secret);
	*secret = (struct secret){ copy, len };
}
