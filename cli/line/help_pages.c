/* The table of help topics, with the rendered pages. */
#include "cli/line/help_topic.h"
#include "core/base/macro.h"

const struct help_topic help_pages[] = {
	{
		.name = "mailauthctl",
		.page = "mailauthctl",
		.help = N_("how it works, all commands, files, common faults, examples"),
		.utf8 =
#include "mailauthctl.8.utf8.inc"
			,
		.ascii =
#include "mailauthctl.8.ascii.inc"
			,
		.translations =
			(const struct help_text[]){
#include "mailauthctl.8.translations.inc"
				{ 0 } },
	},
	{
		.name = "settings",
		.page = "mailauthctl-settings",
		.help = N_(
			"the meaning of each setting; \"help <setting>\" describes one"),
		.utf8 =
#include "mailauthctl-settings.5.utf8.inc"
			,
		.ascii =
#include "mailauthctl-settings.5.ascii.inc"
			,
		.translations =
			(const struct help_text[]){
#include "mailauthctl-settings.5.translations.inc"
				{ 0 } },
	},
	{
		.name = "mailauthctl-template",
		.page = "mailauthctl-template",
		.help = N_("the records that all domains get, and their placeholders"),
		.utf8 =
#include "mailauthctl-template.5.utf8.inc"
			,
		.ascii =
#include "mailauthctl-template.5.ascii.inc"
			,
		.translations =
			(const struct help_text[]){
#include "mailauthctl-template.5.translations.inc"
				{ 0 } },
	},
	{
		.name = "policyd",
		.page = "mailauth-policyd",
		.help = N_("the service that checks incoming mail with SPF"),
		.utf8 =
#include "mailauth-policyd.8.utf8.inc"
			,
		.ascii =
#include "mailauth-policyd.8.ascii.inc"
			,
		.translations =
			(const struct help_text[]){
#include "mailauth-policyd.8.translations.inc"
				{ 0 } },
	},
	{ 0 },
};
