/* core/base/address.h: IP addresses as 16 octets, IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2). */
#ifndef CORE_BASE_ADDRESS_H
#define CORE_BASE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/macro.h"

enum { ADDRESS_SIZE = 46 }; /* of a text, with its NUL */

bool address_is_ipv4(const uint8_t address[16]) must_check;
/* Of the four octets of an IPv4 address. */
void address_of_ipv4(const void *octets, uint8_t ret_address[16]);
/* "192.0.2.1", "2001:db8::1".  False: it is none. */
bool address_parse(const char *text, uint8_t ret_address[16]) must_check;
void address_to_text(const uint8_t address[16], char ret_text[ADDRESS_SIZE]);

#endif
