/*
 * tests/unit/dkim_signer.h: signs messages for tests, with OpenSSL and with canonicalization of its
 * own (tests/unit/dkim_slow.h).
 */
#ifndef TESTS_UNIT_DKIM_SIGNER_H
#define TESTS_UNIT_DKIM_SIGNER_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/macro.h"
#include "dnszone/dkim/dkim_verify.h"

#define TEST_FIELDS 80

struct test_message {
	const char *field
		[TEST_FIELDS]; /* "Name: value" from the top, no final line break; NULL ends */
	struct octets body;
};

struct signer {
	EVP_PKEY *key;
	bool is_ed25519;
	const char *algorithm;         /* a=; NULL: that of the key */
	const char *header, *body;     /* "simple" or "relaxed"; NULL: relaxed */
	const char *domain, *selector; /* NULL: "author.example", "s" */
	const char *names;             /* h=; NULL: "from:to:subject" */
	const char *more;              /* other tags, each ended by ';'; NULL: none */
	long limit;                    /* l= and what is hashed; -1: none; 0: none, too */
	bool is_limit_zero;            /* l=0 */
};

EVP_PKEY *signer_new_rsa(unsigned bits);
EVP_PKEY *signer_new_ed25519(void);
/* "v=DKIM1; k=...; p=..."; the caller frees. */
char *signer_record(EVP_PKEY *key, bool is_ed25519);
/* The field "DKIM-Signature: ..."; the caller frees. */
char *signer_sign(const struct signer *signer, const struct test_message *message);

/* The message to the verifier, its body in pieces of `step` octets (0: whole), and its reports. */
size_t signer_verify(struct dkim_verifier *verifier, const struct test_message *message,
                     size_t step, int64_t now, const char *author, struct resolver *dns,
                     const struct dkim_report **ret_reports);

/* ---- a fixture ---- */

#define DKIM_TEST_NOW INT64_C(1700000000)
#define OCTETS(text) ((struct octets){ text, sizeof(text) - 1 })

/* Records: s and ed of author.example (1024 bits), aliases and failures of it. */
struct dkim_fixture {
	EVP_PKEY *rsa, *ed25519, *short_rsa;
	char *rsa_record, *ed25519_record;
	struct resolver *dns;
	struct dkim_verifier *verifier;
};
int dkim_fixture_open(void **state);
int dkim_fixture_close(void **state);

void dkim_test_add_record(struct resolver *dns, const char *name, const char *what,
                          const char *data);
extern const struct test_message dkim_test_plain;
/* A field on top. */
void dkim_test_add_field(struct test_message *message, const char *field);
/* The message with a signature on top; *ret_field: to be freed after it. */
struct test_message dkim_test_sign(const struct signer *signer,
                                   const struct test_message *message, char **ret_field);
/* `reason`: a part of it, NULL: any.  `what` says in a failure which case it is. */
void dkim_expect(const struct dkim_report *report, enum dkim_result result,
                 const char *reason, const char *what);
/* A message with one signature. */
void dkim_check_signed(struct dkim_fixture *f, const struct test_message *message,
                       enum dkim_result result, const char *reason, const char *what);
/* Signs it first. */
void dkim_check(struct dkim_fixture *f, const struct signer *signer,
                const struct test_message *message, enum dkim_result result,
                const char *reason);

#endif
