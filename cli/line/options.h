/* cli/line/options.h: options of several commands, each defined once. */
#ifndef CLI_LINE_OPTIONS_H
#define CLI_LINE_OPTIONS_H

#include "cli/line/args.h"

/* clang-format off */
#define OPTION_ALL          { "--all", NULL, N_("every domain"), 0, 0, OPTION_FOR_ALL }
#define OPTION_DOMAINS_FROM { "--domains-from", "<file>", \
	N_("names from a file, one a line; -: standard input"), 0, 0, \
	OPTION_STDIN_FOR_ALL }
#define OPTION_FORCE        { "--force", NULL, N_("overwrite what was edited by hand"), 0, 0 }
#define OPTION_NOW          { "--now", NULL, N_("take DKIM records out of the zone at once"), 0, 0 }
#define OPTION_RESOLVER { "--resolver", "<address>", \
	N_("name server to ask, as ADDR[:PORT], instead of the system's"), 0, 0 }
#define OPTION_SIGN_NOW     { "--sign-now", NULL, \
	N_("sign before the record was exported or seen"), 0, 0 }
#define OPTION_TAKE_OVER    { "--take-over", NULL, \
	N_("follow this database instead of another one"), 0, 0 }
#define OPTION_POLICY_RESET { "--reset", NULL, \
	N_("take the template's record again"), 0, 0, OPTION_FOR_ALL }
#define OPTION_REPLACE      { "--replace-filter", NULL, \
	N_("sign in place of your own filter, and take its keys over"), 0, 0 }
#define OPTION_TTL          { "--ttl", "<seconds>", \
	N_("time to live; without it <ttl>, the setting dns.ttl"), 0, 0 }
#define OPTION_ZONE         { "--zone", "<file>", \
	N_("answer from a zone file; alone, nobody else is asked"), true, 0 }
/* clang-format on */

#endif
