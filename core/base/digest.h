/* core/base/digest.h: SHA-256, for comparing content (implemented with OpenSSL's libcrypto). */
#ifndef CORE_BASE_DIGEST_H
#define CORE_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/macro.h"

#define DIGEST_LEN 32

struct digest {
	uint8_t at[DIGEST_LEN];
};

/* SHA-256 of `len` octets. */
void digest_of(const void *octets, size_t len, struct digest *ret_digest);

/* Over several pieces: each piece is preceded by its length, so ("ab","c") differs from
 * ("a","bc").  Finish frees the state. */
struct digest_state;
struct digest_state *digest_new(void) must_check;
void digest_piece(struct digest_state *state, const void *octets, size_t len);
void digest_text(struct digest_state *state,
                 const char *text); /* NULL counts as its own value */
void digest_finish(struct digest_state *state, struct digest *ret_digest);

/* 64 hexadecimal letters and a NUL. */
void digest_hex(const struct digest *digest, char out[2 * DIGEST_LEN + 1]);

#endif
