/* core/base/secret.h: octets that are wiped when they are freed, and never printed. */
#ifndef CORE_BASE_SECRET_H
#define CORE_BASE_SECRET_H

#include <stddef.h>

#include "core/base/macro.h"

struct secret {
	unsigned char *at; /* NULL: none */
	size_t len;
};

#define SECRET_INIT ((struct secret){ 0 })
#define auto_secret cleanup(secret_done) struct secret

/* Sets a copy; the previous octets are wiped. */
void secret_set(struct secret *secret, const void *octets, size_t len);
/* Wipes and frees. */
void secret_done(struct secret *secret);

#endif
