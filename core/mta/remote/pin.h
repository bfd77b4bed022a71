/* core/mta/remote/pin.h: the public key of a certificate, by OpenSSL. */
#ifndef CORE_MTA_REMOTE_PIN_H
#define CORE_MTA_REMOTE_PIN_H

#include <stddef.h>

#include "core/base/err.h"

/* "sha256//" and the base64 of the SHA-256 of the certificate's public key (RFC 7469 2.4), from PEM.
 * The caller frees.  Fails: it is not a certificate. */
int pin_of(const char *pem, size_t len, char **ret_pin, struct err *err) must_check;

#endif
