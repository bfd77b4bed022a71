/*
 * mailauthctl: mail authentication (DKIM, SPF, SRS, DMARC) for mail servers without a panel.
 *
 * The map of the tree; an arrow is an #include, and they only point left:
 *
 *     core/base <- dnszone <- core/store, core/model, core/mta <- cli
 *
 *     core/base    errors, buffers, files below a root, locks, processes, the context
 *     dnszone      names, records, SPF text, zone text: DNS knowledge without state
 *     core/store   SQLite: statements, migrations, the audit trail
 *     core/model   settings, domains, keys and their life, records, zone export
 *     core/mta     mail servers: what each needs (backends), and the push that is the same for all
 *     cli          command rows with their handlers, output, this file
 *     db           the schemas: schema.sql (settings, domains, keys), target.sql (a host's state)
 *     po           the messages in other languages; English stands in the code
 *
 * Three tables to read first: the commands (listed in cli/line/commands.c), the settings
 * (core/model/setting/setting_table.c), the mail servers (core/mta/plan/backend.c).
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/app/app.h"
#include "cli/line/commands.h"
#include "cli/line/help_topic.h"
#include "cli/line/language.h"
#include "core/base/library.h"

/* Freed memory goes back to the kernel only above this: ldns takes and frees 64 KiB for each record
 * that it reads, and giving them back every time costs more than the reading. */
#define KEPT_FREE (16 * 1024 * 1024)

void library_missing(const char *sentence)
{
	fprintf(stderr, "mailauthctl: %s\n", sentence);
	_Exit(1);
}

int main(int argc, char **argv)
{
	struct caller caller;
	caller_init(&caller); /* before a library reads the environment */
	mallopt(M_TRIM_THRESHOLD, KEPT_FREE);
	language_init(LOCALEDIR);
	language_for_line(argc, argv);
	return app_main(&caller, command_groups, help_pages, argc, argv);
}
