/* IPv4 and IPv6 addresses in one form. */
#include "core/base/address.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

bool address_is_ipv4(const uint8_t address[16])
{
	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

void address_of_ipv4(const void *octets, uint8_t ret_address[16])
{
	memcpy(ret_address, mapped, sizeof(mapped));
	memcpy(ret_address + sizeof(mapped), octets, 4);
}

bool address_parse(const char *text, uint8_t ret_address[16])
{
	uint8_t v4[4];
	if (inet_pton(AF_INET, text, v4) != 1)
		return inet_pton(AF_INET6, text, ret_address) == 1;
	address_of_ipv4(v4, ret_address);
	return true;
}

void address_to_text(const uint8_t address[16], char ret_text[ADDRESS_SIZE])
{
	bool is_ipv4 = address_is_ipv4(address);
	inet_ntop(is_ipv4 ? AF_INET : AF_INET6, address + (is_ipv4 ? 12 : 0), ret_text,
	          ADDRESS_SIZE);
}
