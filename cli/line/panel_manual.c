/*
 * One row for each row of the manual's table, in its order.
 *
 * The manual limits it further: DKIM verification, SPF and DMARC of incoming mail are for Linux
 * servers, DMARC on Windows for SmarterMail only.
 */
#include "cli/line/panel_manual.h"

#include <string.h>

#include "core/base/macro.h"

#define YES N_("yes")
#define NO N_("no")
#define ON_LINUX "DKIM, SPF, DMARC"
#define NONE N_("none")

const struct panel_manual panel_manual[] = {
	{ "postfix", "Linux", YES, YES, YES, YES, ON_LINUX },
	{ "qmail", "Linux", YES, YES, NO, YES, ON_LINUX },
	{ "mailenable", "Windows", YES, YES, NO, NO, NONE },
	{ "mailenable-standard", "Windows", N_("from 9.16"), NO, NO, NO, NONE },
	{ "smartermail", "Windows", YES, YES, YES, YES, "DMARC" },
	{ "icewarp", "Windows", YES, YES, YES, NO, NONE },
};
const unsigned panel_manual_count = ARRAY_LEN(panel_manual);

const struct panel_manual *panel_manual_find(const char *backend)
{
	for (unsigned i = 0; i < panel_manual_count; i++)
		if (strcmp(panel_manual[i].backend, backend) == 0)
			return &panel_manual[i];
	return NULL;
}
