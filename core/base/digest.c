/* SHA-256 through OpenSSL's EVP interface.  A failure there means a broken library: abort. */
#include "core/base/digest.h"

#include "core/base/library.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define CALLS(CALL) \
	CALL(EVP_Digest) \
	CALL(EVP_DigestFinal_ex) \
	CALL(EVP_DigestInit_ex) \
	CALL(EVP_DigestUpdate) \
	CALL(EVP_MD_CTX_free) \
	CALL(EVP_MD_CTX_new) \
	CALL(EVP_sha256)
/* clang-format on */
LIBRARY(crypto, LIBRARY_CRYPTO, CALLS)

struct digest_state {
	EVP_MD_CTX *md;
};

static void must(int ok)
{
	if (ok != 1)
		abort();
}

void digest_of(const void *octets, size_t len, struct digest *ret_digest)
{
	must(crypto()->EVP_Digest(octets, len, ret_digest->at, NULL,
	                          crypto()->EVP_sha256(), NULL));
}

struct digest_state *digest_new(void)
{
	struct digest_state *state = malloc(sizeof(*state));
	if (!state)
		abort();
	state->md = crypto()->EVP_MD_CTX_new();
	must(state->md != NULL);
	must(crypto()->EVP_DigestInit_ex(state->md, crypto()->EVP_sha256(), NULL));
	return state;
}

void digest_piece(struct digest_state *state, const void *octets, size_t len)
{
	uint64_t length = len;
	must(crypto()->EVP_DigestUpdate(state->md, &length, sizeof(length)));
	must(crypto()->EVP_DigestUpdate(state->md, octets, len));
}

void digest_text(struct digest_state *state, const char *text)
{
	if (text) {
		digest_piece(state, text, strlen(text));
	} else {
		uint64_t absent = UINT64_MAX;
		must(crypto()->EVP_DigestUpdate(state->md, &absent, sizeof(absent)));
	}
}

void digest_finish(struct digest_state *state, struct digest *ret_digest)
{
	must(crypto()->EVP_DigestFinal_ex(state->md, ret_digest->at, NULL));
	crypto()->EVP_MD_CTX_free(state->md);
	free(state);
}

void digest_hex(const struct digest *digest, char out[2 * DIGEST_LEN + 1])
{
	for (size_t i = 0; i < DIGEST_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", digest->at[i]);
}
