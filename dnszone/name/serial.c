/* SOA serials derived from the date. */
#include "dnszone/name/serial.h"

#include <time.h>

uint32_t serial_next(uint32_t last, int64_t now)
{
	time_t at = (time_t)now;
	struct tm tm = { 0 };
	gmtime_r(&at, &tm);
	int64_t day = ((tm.tm_year + INT64_C(1900)) * 10000 + (tm.tm_mon + 1) * 100 +
	               tm.tm_mday) *
	              100;
	if (day > 0 && day <= UINT32_MAX) {
		uint32_t today = (uint32_t)day;
		/* RFC 1982 3.2: ahead means less than 2^31 steps forward */
		if (last == 0 || (today != last && today - last < UINT32_C(0x80000000)))
			return today;
	}
	return last == UINT32_MAX ? 1 : last + 1; /* 0 stands for "none yet" */
}
