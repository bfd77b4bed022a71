/*
 * cli/app/app.h: one run of the program: context, locks, transactions, push and export around a
 * handler.
 *
 * A handler reads its arguments, calls core/ or dnszone/, and emits typed rows through app->out.
 * What it tells people goes through app_say(): kept back while a change is open, so that nothing
 * is claimed that was not saved.
 */
#ifndef CLI_APP_APP_H
#define CLI_APP_APP_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/line/caller.h"
#include "cli/line/command.h"
#include "cli/out/out.h"
#include "core/base/ctx.h"
#include "core/base/lock.h"
#include "core/base/names.h"
#include "core/base/secret.h"
#include "core/model/domain/domain.h"
#include "core/model/setting/env.h"
#include "core/mta/push/push.h"
#include "core/store/store.h"
#include "dnszone/lint/lint.h"
#include "dnszone/query/resolver.h"

struct app_message {
	enum report_level level;
	char *text;
};

#define SAID_MAX 32

struct app {
	struct ctx ctx;
	struct caller *caller;
	const struct command *row;
	const struct help_topic *topics; /* of `help` */
	const struct args *args;
	struct global_values opt;
	struct out *out;
	char *db_path;       /* as the machine sees it */
	struct store *store; /* NULL: there is none yet, defaults hold */
	struct lock *export_lock;
	struct push_options push; /* what app_change() pushes with */
	struct env env;           /* app_env() fills it */
	bool has_env;
	struct secret typed_secret; /* read from standard input before any lock */
	char *typed_data;  /* of a record, after a question; NULL: what was typed holds */
	bool is_changing;  /* messages are kept until the change is saved */
	bool has_failed;   /* a part failed and was reported; the rest is saved: exit 1 */
	bool has_found;    /* a check, lint, comparison or plan found something: exit 3 */
	bool is_exporting; /* a dry run of it is shown zone by zone */
	bool is_trying;    /* a dry run of it is shown by whoever tries */
	bool has_plan;     /* a dry run showed steps */
	bool has_drift;    /* ... and files of ours that somebody else wrote */
	bool begins_to_refuse; /* a push made the server reject or defer mail by SPF */
	const char *push_why;  /* a dry run: why nothing would be pushed; NULL */
	bool is_push_told;     /* "not adopted" was said once */
	bool are_notes_shown; /* the plan was shown with its notes, and a question asked */
	char *said[SAID_MAX]; /* the first that was said, before the push has a word */
	size_t said_count;
	bool is_takeover_told; /* --replace-filter: the domains were named */
	unsigned backstage;    /* push or export is at work: not for a customer's ears */
	struct app_message *message;
	size_t message_count, message_room;
	struct names exports; /* zones to export after the change, A-labels */
};

/* Parses, prepares, runs the row's handler, completes: the whole program but main().  Gives the
 * exit status.  `caller`: caller_init() filled it; it is done here. */
int app_main(struct caller *caller, const struct command_group *groups,
             const struct help_topic *topics, int argc, char **argv);

/* For people, on stderr. */
void app_say(struct app *app, enum report_level level, const char *fmt, ...)
	printf_like(3, 4);

/* Opens the store for a row that needs it for some of its uses only (no NEED_STORE_READ); app->store
 * stays NULL where there is none. */
int app_read_store(struct app *app, struct err *err) must_check;

/* Runs `body` as one change: locks, transaction, audit, rules between settings, push, commit,
 * switch.  `needs`: NEED_PUSH where it is pushed.  With --dry-run everything is shown and rolled
 * back.  A body that changes nothing leaves no trace. */
int app_change(struct app *app, unsigned needs,
               int (*body)(struct app *app, void *arg, struct err *err), void *arg,
               struct err *err) must_check;

/* Runs `body` as such a change, which nobody hears of, shows or keeps: to find something out.  What it
 * says is heard when it fails. */
int app_try(struct app *app, int (*body)(struct app *app, void *arg, struct err *err),
            void *arg, struct err *err) must_check;

/* Host name and addresses, read once. */
int app_env(struct app *app, const struct env **ret_env, struct err *err) must_check;

/* Names a zone that is exported once the change is saved (row: NEED_EXPORT). */
void app_export_later(struct app *app, const char *name);
/* The same for a domain and its aliases, which publish its keys too. */
int app_export_family_later(struct app *app, const struct domain *domain,
                            struct err *err) must_check;
/* Exports what was named so far, now instead of after the handler.  It follows a change that is saved,
 * and a failure says so. */
int app_export_now(struct app *app, struct err *err) must_check;
/* Exports the zones of `names` (count 0: all that moved), activates keys, pushes.  Takes the export
 * lock for that time where the run does not hold it. */
int app_export(struct app *app, const char *const *names, size_t count,
               struct err *err) must_check;

/* Takes the export lock, where the run does not hold it; before app_change() of what has to be
 * exported right after, so that a busy lock leaves nothing half done.  Never while DNS is asked or keys
 * are made. */
int app_take_export_lock(struct app *app, struct err *err) must_check;
void app_drop_export_lock(struct app *app);

/* The domain that a person typed: domain_find(), and for a customer its own domains only.  Rows that
 * are open to customers use nothing else. */
int app_domain(struct app *app, const char *typed, struct domain *ret_domain,
               struct err *err) must_check;
/* The same for a name in A-labels, as domain_look(); what a customer does not manage is a failure. */
int app_look(struct app *app, const char *name, struct domain *ret_domain,
             struct err *err) must_check;
/* ERR_MISSING, for a customer: whether the domain is somebody else's or nobody's. */
int app_no_domain(const struct app *app, const char *name, struct err *err);
bool app_is_customer(const struct app *app) must_check;
/* Whether the caller manages the domain; administrators manage all. */
int app_owns(struct app *app, int64_t domain_id, bool *ret_owns,
             struct err *err) must_check;
/* The main domain's name, NULL where there is none that the caller may hear of. */
int app_main_name(struct app *app, const struct domain *domain, const char **ret_name,
                  struct err *err) must_check;
/* ERR_FAILED where the keys of an alias are a domain's that the caller does not manage. */
int app_check_keys_of(struct app *app, const struct domain *domain,
                      struct err *err) must_check;

/* The domains that a command is for: its words from `first` on, --domains-from and --all
 * (`is_all_allowed`: what rows offer).  Each name as typed; app_names_done() frees. */
struct app_names {
	char **name;
	size_t count, room;
	bool is_all; /* --all: `name` holds every domain of the store (a customer: of its own) that
	              * is no alias */
};
int app_names(struct app *app, size_t first, struct app_names *ret_names,
              struct err *err) must_check;
void app_names_done(struct app_names *names);

/* What a record that is being typed shares, whichever command it is typed to (cli/app/typed.c). */
/* TXT data that was pasted with its quotes, as a zone file's reader joins it; a line says so.  Other
 * data as it is.  Caller frees. */
char *app_typed_data(struct app *app, const char *type, const char *data) must_check;
/* Before any lock: refuses an address where a name belongs; about a name without its final dot that
 * ends in `domain` (NULL: a template) a terminal is asked, others are refused.  *ret_data stays NULL
 * where `data` is right as it is.  Caller frees. */
int app_ask_doubt(struct app *app, const char *type, const char *data, const char *domain,
                  char **ret_data, struct err *err) must_check;
/* The same where nobody can be asked any more: refuses. */
int app_refuse_doubt(const char *type, const char *data, const char *domain,
                     struct err *err) must_check;
/* Says as warnings what is probably not meant in a record that was just saved: of TXT what its
 * owner's lint finds ("+all: ... (spf-plus-all)"), of others names without a final dot.  Nothing is
 * looked up.  `domain` NULL: of a template. */
void app_lint_typed(struct app *app, const char *owner, const char *type,
                    const char *rdata, const struct domain *domain);
/* Warns where the domain asks receivers to quarantine or reject and does not sign. */
int app_warn_unsigned(struct app *app, const struct domain *domain,
                      struct err *err) must_check;

/* The name servers that --zone and --resolver name, or the system's.  resolver_free() it. */
int app_resolver(struct app *app, struct resolver **ret_resolver,
                 struct err *err) must_check;
/* The TTL of an option --ttl: -1 where it is not given. */
int app_ttl(struct app *app, int64_t *ret_ttl, struct err *err) must_check;

/* Asks a question on the terminal; no terminal: ERR_USAGE that names `option`. */
int app_confirm(struct app *app, const char *question, const char *option, bool *ret_yes,
                struct err *err) must_check;

/* Where a file that the user named will be written: absolute, on the host (--root does not move it),
 * its folder real.  `holds_secrets`: no other account may be able to write to a folder on its way.
 * The caller frees. */
int app_output_path(const char *name, bool holds_secrets, char **ret_path,
                    struct err *err) must_check;
/* Reads a file that the user named ("-": standard input), at most `limit` octets. */
int app_read_input(struct app *app, const char *name, size_t limit, struct buf *into,
                   struct err *err) must_check;

/* Where the database is as the machine sees it: `option` (--db; NULL: not given), else the
 * environment's, else the one below the context's root.  Caller frees. */
int app_db_path(const struct ctx *ctx, const char *option, char **ret_path,
                struct err *err) must_check;

#endif
