/* dnszone/tags.h: tag=value lists, the form of DKIM (RFC 6376 3.2) and DMARC (RFC 9989) records. */
#ifndef DNSZONE_TAGS_H
#define DNSZONE_TAGS_H

#include <stddef.h>

#include "core/base/err.h"
#include "core/base/macro.h"

struct tag {
	char *name;  /* as written; names are case-sensitive */
	char *value; /* folding white space around it removed */
	size_t at;   /* offset of the name in the text */
};
struct tags {
	struct tag *tag;
	size_t count;
};

/* ERR_USAGE with the position: a missing '=', an empty or doubled name, a bad octet. */
int tags_parse(const char *text, struct tags *ret_tags, struct err *err) must_check;
void tags_done(struct tags *tags);
/* The value of a tag, NULL when absent; borrowed. */
const char *tags_get(const struct tags *tags, const char *name);

#endif
