/*
 * core/mta/postfix/postfix_main.h: main.cf as text: reading and expanding.  Pure: no file is opened
 * here.
 */
#ifndef CORE_MTA_POSTFIX_POSTFIX_MAIN_H
#define CORE_MTA_POSTFIX_POSTFIX_MAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/macro.h"

/* One logical line "name = value"; all positions count octets of the text. */
struct main_def {
	size_t begin, end; /* its physical lines; comments between them belong to it */
	size_t name, name_len;
	size_t equals; /* after the '=' */
	size_t first,
		last; /* the value without blanks around it; equal when it is empty */
};

struct main_cf {
	const char *text; /* borrowed */
	size_t len;
	struct main_def *def;
	size_t count, room;
};

#define MAIN_CF_INIT ((struct main_cf){ 0 })
#define auto_main_cf cleanup(main_cf_done) struct main_cf
/* Reads logical lines as Postfix does: a line that starts with white space continues, comments and
 * blank lines inside a continued value are skipped, and so are lines that are not definitions. */
void main_cf_parse(struct main_cf *cf, const char *text, size_t len);
void main_cf_done(struct main_cf *cf);

/* The last definition of the parameter, which is the one in force.  NULL: none. */
const struct main_def *main_cf_find(const struct main_cf *cf,
                                    const char *name) must_check;
/* Its value as written, continuation lines joined.  False: not defined. */
bool main_cf_raw(const struct main_cf *cf, const char *name, struct buf *into);

/* The value with every $name, ${name}, $(name), ${name?text}, ${name:text}, ${name?{a}:{b}} and
 * ${{a} == {b} ? {x} : {y}} expanded; the few parameters that we ask for have their built-in
 * defaults, others are empty when undefined.  `service`: what $service_name is (NULL: empty).
 * At most 64 KiB; deeper than 16 levels, or after 4096 parameters, expands to nothing. */
void main_cf_value(const struct main_cf *cf, const char *service, const char *name,
                   struct buf *into);
/* The same for any text. */
void main_cf_expand(const struct main_cf *cf, const char *service, const char *text,
                    struct buf *into);

struct master_service;
/* The parameter for the service: its own -o options precede main.cf, for the parameter and for each
 * that its value names, as in Postfix. */
void main_cf_value_of(const struct main_cf *cf, const struct master_service *service,
                      const char *name, struct buf *into);
/* Whether its -o options make the parameter another one than main.cf has: by an option for it, or
 * for one that its value names. */
bool main_cf_is_own(const struct main_cf *cf, const struct master_service *service,
                    const char *name) must_check;

/* An administrator's item between these is used only by services for which $mailauth_own is "yes".
 */
#define MAIN_OWN_BEGIN "${{$mailauth_own} == {yes} ? {"
#define MAIN_OWN_END "}}"

/* Puts the items that name `endpoint` between both marks, in the list and in what it names. */
void main_own_put(struct buf *text, const char *list, const char *endpoint);
/* The next pair of marks at or after *at in the definition: the start of each. */
bool main_own_next(const struct main_cf *cf, const struct main_def *def, size_t *at,
                   size_t *ret_begin, size_t *ret_end) must_check;

#endif
