/*
 * cli/line/caller.h: on whose behalf the program runs.
 *
 * Called through sudo by an account that is neither root nor an administrator, the program acts for
 * that customer: it may manage the DKIM, SPF and DMARC of the domains whose `owner` it is, and
 * nothing else.  The process still has the rights of root, so this is determined before anything
 * that the customer could have prepared (environment, limits, folder, descriptors) has an effect,
 * and rows and options are closed to customers unless their tables open them.
 */
#ifndef CLI_LINE_CALLER_H
#define CLI_LINE_CALLER_H

#include <stdbool.h>
#include <sys/types.h>

#include "cli/line/command.h"
#include "core/base/err.h"

struct caller {
	uid_t uid; /* of the account that called sudo; without sudo the real user id */
	char *account;    /* its login name; NULL: not called through sudo */
	bool is_customer; /* acts for `account`, whose rights end at its own domains */
	int out_fd, err_fd, in_fd; /* a customer's own; 0 to 2 are ours then */
	struct err refusal;        /* code 0: none; otherwise nothing may be done */
};

#define CALLER_INIT ((struct caller){ .out_fd = -1, .err_fd = -1, .in_fd = -1 })

/* Determines the caller.  For a customer, it then clears the environment except for language and
 * terminal, and resets everything else that a process inherits.  main() calls this first. */
void caller_init(struct caller *caller);
/* Writes the output for a customer, which was kept until all locks were released.  False: not
 * written. */
bool caller_done(struct caller *caller) must_check;

/* Determines the caller from these values, for caller_init().  `look_up`: getenv(3), or that of a
 * test. */
int caller_find(uid_t real, uid_t effective, const char *(*look_up)(const char *variable),
                struct caller *ret_caller, struct err *err) must_check;
/* Removes from the environment what a customer must not determine. */
void caller_clean_environment(void);

/* Whether the caller may use the row with these options; ERR_FAILED otherwise. */
int caller_check(const struct caller *caller, const struct command *row,
                 const struct args *args, struct err *err) must_check;
/* Reads all of standard input, which is descriptor 0 from then on: before any lock, because typing
 * takes time. */
int caller_read_input(struct caller *caller, struct err *err) must_check;
/* Whether the line has an option that reads it. */
bool caller_takes_input(const struct args *args) must_check;
/* The columns of a customer's terminal; 0: it has none. */
unsigned caller_width(const struct caller *caller) must_check;

#endif
