/*
 * cli/line/commands.h: every command: the nouns in the order of the help text, and the rows of
 * each, which are in cmd_<noun>.c with their handlers.
 */
#ifndef CLI_LINE_COMMANDS_H
#define CLI_LINE_COMMANDS_H

#include "cli/line/command.h"
#include "dnszone/txt/policy.h"

/* Ends in {0}. */
extern const struct command_group command_groups[];

extern const struct command commands_audit[];
extern const struct command commands_completion[];
extern const struct command commands_config[];
extern const struct command commands_db[];
extern const struct command commands_dmarc[];
extern const struct command commands_doctor[];
extern const struct command commands_domain[];
extern const struct command commands_key[];
extern const struct command commands_mta[];
extern const struct command commands_record[];
extern const struct command commands_server[];
extern const struct command commands_spf[];
extern const struct command commands_template[];
extern const struct command commands_zone[];

/* Handlers of `domain` rows in cmd_dkim.c: enabling and disabling DKIM. */
int cmd_enable_dkim(struct app *app, struct err *err);
int cmd_disable_dkim(struct app *app, struct err *err);
/* Handlers of `dmarc` rows in cmd_dmarc_check.c, and the check of their options. */
int cmd_dmarc_input(struct app *app, struct err *err);
int cmd_dmarc_check(struct app *app, struct err *err);
int cmd_dmarc_explain(struct app *app, struct err *err);
/* The handler of `domain show`, in cmd_domain_show.c. */
int cmd_domain_show(struct app *app, struct err *err);
struct domain;
/* *ret_word: "on", "off" or "pending", the last with the reason in *ret_waits (the caller frees).
 */
int cmd_domain_dkim(struct app *app, const struct domain *domain, const char **ret_word,
                    char **ret_waits, struct err *err);
/* Handlers of `mta` rows in cmd_mta_status.c, cmd_mta_backends.c and cmd_mta_history.c. */
int cmd_mta_status(struct app *app, struct err *err);
int cmd_mta_backends(struct app *app, struct err *err);
enum mta_support;
/* "yes", "not yet". */
const char *cmd_support_word(enum mta_support support);
int cmd_mta_history(struct app *app, struct err *err);
/* In cmd_dkim.c, for all commands that enable DKIM: for the names of a list, ... */
struct names;
int cmd_enable_dkim_names(struct app *app, const struct names *names, struct err *err);
/* ... the output after a function of core/job/enable_dkim.h returned `r`, ... */
struct enable_dkim;
int cmd_dkim_finish(struct app *app, const struct enable_dkim *work, int r,
                    struct err *err);
/* ... and the message about one domain whose DKIM is on, or (preview) would be. */
int cmd_dkim_report_on(struct app *app, const char *name, struct err *err);
void cmd_dkim_preview(struct app *app, const char *name, size_t keys);
/* `spf set` and `dmarc set`, in cmd_record.c: the policy of the domain in the first word becomes
 * `whole`, or (NULL) the result of `edit`, whose text is freed here, or with --reset that of the
 * template. */
int cmd_set_policy(struct app *app, enum policy_kind kind, const char *whole,
                   int (*edit)(struct app *app, const struct domain *domain,
                               char **ret_text, struct err *err),
                   struct err *err);
/* `key import`, in cmd_key_import.c. */
struct option_row;
extern const struct option_row cmd_key_import_options[];
int cmd_key_import(struct app *app, struct err *err);

/* `key rotate` and `key revoke` (cmd_key_rotate.c). */
int cmd_key_rotate(struct app *app, struct err *err) must_check;
int cmd_key_revoke(struct app *app, struct err *err) must_check;
/* For cron: rotates the keys that are due by dkim.rotate-after, and reports failures only. */
int cmd_key_rotate_due(struct app *app, struct err *err) must_check;

/* `key lint` (cmd_key_lint.c). */
int cmd_key_lint(struct app *app, struct err *err) must_check;

#endif
