/* The list of nouns. */
#include "cli/line/commands.h"

const struct command_group command_groups[] = {
	{ "server", N_("settings of the server"), commands_server },
	{ "domain", N_("domains, their settings and DKIM"), commands_domain },
	{ "key", N_("DKIM keys"), commands_key },
	{ "template", N_("the records that all domains get"), commands_template },
	{ "record", N_("the records of one domain"), commands_record },
	{ "zone", N_("zone files for the name server"), commands_zone },
	{ "spf", N_("check senders with SPF; change and check SPF records"),
	  commands_spf },
	{ "dmarc", N_("change and check DMARC records"), commands_dmarc },
	{ "mta", N_("the mail server"), commands_mta },
	{ "config", N_("export and import the configuration as a file"),
	  commands_config },
	{ "audit", N_("the history of changes"), commands_audit },
	{ "db", N_("the database"), commands_db },
	{ NULL, NULL, commands_doctor },
	{ NULL, NULL, commands_completion },
	{ 0 },
};
