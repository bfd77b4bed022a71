/* SHA-256 through OpenSSL's EVP interface.  A failure there means a broken library: abort. */
#include "core/base/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	must(EVP_Digest(octets, len, ret_digest->at, NULL, EVP_sha256(), NULL));
}

struct digest_state *digest_new(void)
{
	struct digest_state *state = malloc(sizeof(*state));
	if (!state)
		abort();
	state->md = EVP_MD_CTX_new();
	must(state->md != NULL);
	must(EVP_DigestInit_ex(state->md, EVP_sha256(), NULL));
	return state;
}

void digest_piece(struct digest_state *state, const void *octets, size_t len)
{
	uint64_t length = len;
	must(EVP_DigestUpdate(state->md, &length, sizeof(length)));
	must(EVP_DigestUpdate(state->md, octets, len));
}

void digest_text(struct digest_state *state, const char *text)
{
	if (text) {
		digest_piece(state, text, strlen(text));
	} else {
		uint64_t absent = UINT64_MAX;
		must(EVP_DigestUpdate(state->md, &absent, sizeof(absent)));
	}
}

void digest_finish(struct digest_state *state, struct digest *ret_digest)
{
	must(EVP_DigestFinal_ex(state->md, ret_digest->at, NULL));
	EVP_MD_CTX_free(state->md);
	free(state);
}

void digest_hex(const struct digest *digest, char out[2 * DIGEST_LEN + 1])
{
	for (size_t i = 0; i < DIGEST_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", digest->at[i]);
}
