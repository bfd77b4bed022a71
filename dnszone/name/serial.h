/* dnszone/name/serial.h: SOA serials of the form YYYYMMDDnn that never decrease (RFC 1912 2.2, RFC
 * 1982). */
#ifndef DNSZONE_NAME_SERIAL_H
#define DNSZONE_NAME_SERIAL_H

#include <stdint.h>

/* The next serial after `last` (0: none yet) on the day of `now` (Unix seconds, UTC): the day's
 * nn = 00, or last + 1 if that is not greater than `last`. */
uint32_t serial_next(uint32_t last, int64_t now);

#endif
