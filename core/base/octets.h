/* core/base/octets.h: borrowed octets with a length; foreign text may contain NUL. */
#ifndef CORE_BASE_OCTETS_H
#define CORE_BASE_OCTETS_H

#include <stddef.h>
#include <string.h>

struct octets {
	const char *at; /* borrowed; may be NULL while len is 0 */
	size_t len;
};

#define OCTETS_NONE ((struct octets){ 0 })

/* The octets of a string, without its NUL; none for NULL. */
static inline struct octets octets_of(const char *text)
{
	return (struct octets){ text, text ? strlen(text) : 0 };
}

#endif
