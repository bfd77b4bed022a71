/* core/model/record/records_syntax.h: a domain's records in the syntax of other programs. */
#ifndef CORE_MODEL_RECORD_RECORDS_SYNTAX_H
#define CORE_MODEL_RECORD_RECORDS_SYNTAX_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/model/record/records_list.h"

struct records_syntax {
	const char *name; /* "nsupdate" */
	const char *help; /* one line, N_() */
	/* Appends the records of the zone `name`; its SOA record and its own NS records belong
	 * to the name server and are left out.  Fails (ERR_FAILED) with the first record that the
	 * program does not support. */
	int (*put)(const struct record_list *list, const char *name, struct buf *out,
	           struct err *err);
};
/* Sorted by name, ends in {0}. */
extern const struct records_syntax records_syntaxes[];

/* ERR_USAGE: there is none of that name. */
int records_syntax_find(const char *name, const struct records_syntax **ret_syntax,
                        struct err *err) must_check;

#endif
