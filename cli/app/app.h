/*
 * cli/app/app.h: one run of the program: command line, session, output.
 *
 * A handler reads its arguments, calls one job (core/job), or core/ or dnszone/ if its row opens
 * the transaction, and emits typed rows through app->out.  Messages for people use app_say().
 */
#ifndef CLI_APP_APP_H
#define CLI_APP_APP_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/line/caller.h"
#include "cli/line/command.h"
#include "cli/out/out.h"
#include "cli/out/progress.h"
#include "core/base/buf.h"
#include "core/base/secret.h"
#include "core/job/session.h"
#include "core/model/setting/setting.h"
#include "dnszone/query/resolver.h"

struct app {
	struct session session; /* context, store, locks; is_dry_run */
	struct caller *caller;
	const struct command *row;
	const struct help_topic *topics; /* of `help` */
	const struct args *args;
	struct global_values opt;
	struct out *out;
	struct progress *bar; /* NULL: nothing is in progress */
	const char *bar_label;
	struct app_pair {
		enum setting_key key;
		char *text; /* canonical; NULL: unset */
	} * pair;           /* settings that the line names, read before any lock */
	size_t pair_count;
	struct secret typed_secret; /* read from standard input before any lock */
	char *typed_data; /* of a record, after a question; NULL: as it was typed */
	bool has_failed;  /* a part failed and was reported; the rest is saved: exit 1 */
	bool has_found;   /* a check, lint, comparison or plan found something: exit 3 */
	bool has_plan;    /* a dry run showed steps */
	bool has_drift;   /* ... and files of ours were edited by others */
};

/* Parses, prepares, runs the row's handler, completes: the whole program except main().  Returns
 * the exit status.  `caller`: filled by caller_init(); freed here. */
int app_main(struct caller *caller, const struct command_group *groups,
             const struct help_topic *topics, int argc, char **argv);

/* Writes a message to stderr; while a change is open, it is written after the commit. */
void app_say(struct app *app, enum report_level level, const char *fmt, ...)
	printf_like(3, 4);

/* The domains that a command is for: its words from `first` on, --domains-from and --all, each as
 * typed; with --all every domain of the store (for a customer: its own) that is not an alias. */
int app_names(struct app *app, size_t first, struct names *ret_names,
              struct err *err) must_check;
/* The same for a command to which --all means more than these names: with it, no names. */
int app_names_unless_all(struct app *app, struct names *ret_names,
                         struct err *err) must_check;

/* Shared by the commands that accept a record (cli/app/typed.c). */
/* Joins TXT data that was pasted with its quotes, as a reader of zone files does, and prints a
 * note.  Other data is unchanged.  Caller frees. */
char *app_typed_data(struct app *app, const char *type, const char *data) must_check;
/* Before any lock: refuses an address instead of a name; for a name without a final dot that ends
 * in `domain` (NULL: a template), asks on a terminal, otherwise refuses.  *ret_data remains NULL if
 * `data` is correct.  Caller frees. */
int app_ask_doubt(struct app *app, const char *type, const char *data, const char *domain,
                  char **ret_data, struct err *err) must_check;
/* The same when a question is no longer possible: refuses. */
int app_refuse_doubt(const char *type, const char *data, const char *domain,
                     struct err *err) must_check;
/* Warns about a saved record that probably does not mean what was intended: for TXT, the findings
 * of its owner's lint ("+all: ... (spf-plus-all)"); for other types, names without a final dot.
 * Without DNS look-ups.  `domain` NULL: of a template. */
void app_lint_typed(struct app *app, const char *owner, const char *type,
                    const char *rdata, const struct domain *domain);
/* Warns if the DMARC policy of the domain is quarantine or reject and it does not sign. */
int app_warn_unsigned(struct app *app, const struct domain *domain,
                      struct err *err) must_check;

/* A resolver for --zone and --resolver, or for the system's name servers.  resolver_free() it. */
int app_resolver(struct app *app, struct resolver **ret_resolver,
                 struct err *err) must_check;
/* The TTL of the option --ttl; -1: not given. */
int app_ttl(struct app *app, int64_t *ret_ttl, struct err *err) must_check;

/* Asks a question on the terminal; no terminal: ERR_USAGE that names `option`. */
int app_confirm(struct app *app, const char *question, const char *option, bool *ret_yes,
                struct err *err) must_check;

/* The path of an output file that the user named: absolute, on the host (independent of --root),
 * the links of its folder resolved.  `holds_secrets`: no other account may have write access to a
 * folder of the path.  The caller frees. */
int app_output_path(const char *name, bool holds_secrets, char **ret_path,
                    struct err *err) must_check;
/* Reads a file that the user named ("-": standard input), at most `limit` octets. */
int app_read_input(struct app *app, const char *name, size_t limit, struct buf *into,
                   struct err *err) must_check;

/* The path of the database on the machine: `option` (--db; NULL: not given), else that of the
 * environment, else the one below the context's root.  Caller frees. */
int app_db_path(const struct ctx *ctx, const char *option, char **ret_path,
                struct err *err) must_check;

#endif
