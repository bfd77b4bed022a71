/*
 * mailauthctl: mail authentication (DKIM, SPF, SRS, DMARC) for mail servers without a panel.
 *
 * The map of the tree; an arrow is an #include, and they only point left:
 *
 *     core/base <- dnszone <- core/store, core/model, core/mta, core/job <- cli
 *
 *     core/base    errors, buffers, files below a root, locks, processes, connections, the context
 *     dnszone      DNS without state: name (names, zone text), query (resolver and transport), spf,
 *                  dkim, dmarc (records, evaluation), verify (a message), txt (policies of any kind),
 *                  lint
 *     core/store   SQLite: statements, migrations, the audit trail
 *     core/model   setting, domain, key, record, export (zones to files), life (changes of a domain as
 *                  a whole), config (the YAML file), undo
 *     core/mta     host (services, accounts), plan (steps), check, probe, provider (filters that
 *                  servers share), engine (carries out steps and undoes them), postfix and a folder
 *                  for each other mail server, push (used by core/job), doctor
 *     core/job     use cases of several transactions: change and push, export and activate, enable
 *                  many domains, import; the session that they share
 *     cli          out (output), line (arguments, help), app (one run), complete, cmd (a file for each
 *                  noun), policyd (mailauth-policyd)
 *     db           the schemas: schema.sql (settings, domains, keys), target.sql (a host's state)
 *     po           the messages in other languages; English is in the code
 *
 * A command passes through: main, app_main, command_dispatch, change_push_run (or
 * session_read_store), the row's handler in cli/cmd, core/model, push_prepare, the server's plan(),
 * engine_prepare, COMMIT, push_switch, engine_switch.
 *
 * Three tables to read first: the commands (listed in cli/line/commands.c), the settings
 * (core/model/setting/setting_table.c), the mail servers (core/mta/push/registry.c).
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/app/app.h"
#include "cli/line/commands.h"
#include "cli/line/help_topic.h"
#include "cli/line/language.h"
#include "core/base/library.h"

/* Above this size freed memory is returned to the kernel: ldns allocates and frees 64 KiB for each
 * record that it reads, and returning them each time costs more than the reading. */
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
