/* The pin of a certificate: the sole owner of OpenSSL's certificates. */
#include "core/mta/remote/pin.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/base/library.h"

/* clang-format off */
#define CALLS(CALL) \
	CALL(BIO_free) \
	CALL(BIO_new_mem_buf) \
	CALL(CRYPTO_free) \
	CALL(ERR_clear_error) \
	CALL(EVP_EncodeBlock) \
	CALL(PEM_read_bio_X509) \
	CALL(X509_free) \
	CALL(X509_get_X509_PUBKEY) \
	CALL(i2d_X509_PUBKEY)
/* clang-format on */
LIBRARY(crypto, LIBRARY_CRYPTO, CALLS)

int pin_of(const char *pem, size_t len, char **ret_pin, struct err *err)
{
	BIO *bio = len <= INT_MAX ? crypto()->BIO_new_mem_buf(pem, (int)len) : NULL;
	X509 *certificate =
		bio ? crypto()->PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	unsigned char *der = NULL;
	int der_len = certificate
	                      ? crypto()->i2d_X509_PUBKEY(
					crypto()->X509_get_X509_PUBKEY(certificate), &der)
	                      : -1;
	struct digest digest;
	unsigned char text[2 * DIGEST_LEN];

	if (der_len > 0) {
		digest_of(der, (size_t)der_len, &digest);
		crypto()->EVP_EncodeBlock(text, digest.at, DIGEST_LEN);
		*ret_pin = xasprintf("sha256//%s", (const char *)text);
	}
	crypto()->CRYPTO_free(der, __FILE__, __LINE__);
	crypto()->X509_free(certificate);
	crypto()->BIO_free(bio);
	crypto()->ERR_clear_error();
	return der_len > 0 ? 0
	                   : err_set(err, ERR_FAILED,
	                             _("it does not contain a certificate in PEM"));
}
