/*
 * cli/line/panel_manual.h: the table of mail servers in the manual of a hosting panel, as it is
 * printed there, for comparison with what a host was found to do.
 */
#ifndef CLI_LINE_PANEL_MANUAL_H
#define CLI_LINE_PANEL_MANUAL_H

struct panel_manual {
	const char *backend;  /* the name of its row in the registry */
	const char *platform; /* of the panel's edition that has it: "Linux", "Windows" */
	const char *dkim, *spf, *srs, *dmarc; /* N_(): "yes", "no", "from 9.16" */
	/* What it says of checks of incoming mail: those of Linux servers are DKIM, SPF and DMARC. */
	const char *incoming;
};

extern const struct panel_manual panel_manual[];
extern const unsigned panel_manual_count;

/* NULL: the manual does not have that server. */
const struct panel_manual *panel_manual_find(const char *backend);

#endif
