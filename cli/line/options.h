/* cli/line/options.h: options of several commands, each defined once. */
#ifndef CLI_LINE_OPTIONS_H
#define CLI_LINE_OPTIONS_H

#include "cli/line/args.h"

/* clang-format off */
#define OPTION_ALL          { "--all", NULL, N_("all domains"), 0, 0, OPTION_FOR_ALL }
#define OPTION_DOMAINS_FROM { "--domains-from", "<file>", \
	N_("read names from a file, one per line; -: standard input"), 0, 0, \
	OPTION_STDIN_FOR_ALL }
#define OPTION_FORCE        { "--force", NULL, N_("overwrite changes made by hand"), 0, 0 }
#define OPTION_NOW          { "--now", NULL, N_("remove the DKIM records from the zone at once"), 0, 0 }
#define OPTION_RESOLVER { "--resolver", "<address>", \
	N_("name server to query, as ADDR[:PORT], instead of the system's"), 0, 0 }
#define OPTION_SIGN_NOW     { "--sign-now", NULL, \
	N_("sign before the record was exported or found in DNS"), 0, 0 }
#define OPTION_TAKE_OVER    { "--take-over", NULL, \
	N_("follow this database instead of another one"), 0, 0 }
#define OPTION_POLICY_RESET { "--reset", NULL, \
	N_("restore the record of the template"), 0, 0, OPTION_FOR_ALL }
#define OPTION_REPLACE      { "--replace-filter", NULL, \
	N_("replace your own signing filter, and import its keys"), 0, 0 }
#define OPTION_TTL          { "--ttl", "<seconds>", \
	N_("time to live; default: <ttl>, the setting dns.ttl"), 0, 0 }
#define OPTION_YES          { "--yes", NULL, N_("do not ask for confirmation"), 0, 0 }
#define OPTION_ZONE         { "--zone", "<file>", \
	N_("use the records of this zone file; without --resolver, no DNS queries"), true, 0 }
/* clang-format on */

#endif
