/*
 * cli/app/findings.h: the output of lints.  Warnings and errors give exit status 3, notes alone 0.
 */
#ifndef CLI_APP_FINDINGS_H
#define CLI_APP_FINDINGS_H

#include "cli/app/app.h"
#include "core/base/octets.h"
#include "dnszone/lint/lint.h"

/* The findings of one record. */
void findings_show(struct app *app, const struct lint_list *list);

/* The same of several records, each with its owner (NULL: none). */
void findings_begin(struct app *app);
void findings_add(struct app *app, const char *owner, const struct lint_list *list);
void findings_end(struct app *app);

/* The same of a zone file, each with its line (0: none). */
void findings_begin_zone(struct app *app);
void findings_add_line(struct app *app, size_t line, const char *owner,
                       const struct lint_list *list);

/* Lints each line of the file of --records-from: one JSON object per line, whatever the format. */
typedef void findings_lint(void *arg, struct octets text, struct lint_list *list);
int findings_of_lines(struct app *app, findings_lint *lint, void *arg,
                      struct err *err) must_check;

/* clang-format off */
#define OPTION_RECORD { "--record", "<text>", \
	N_("use this text instead of the record that the domain publishes"), 0, 0, OPTION_FOR_ALL }
#define OPTION_RECORDS_FROM { "--records-from", "<file>", \
	N_("one record per line; -: standard input; answers with JSON lines"), 0, 0, \
	OPTION_STDIN_FOR_ALL }
/* clang-format on */

#endif
