/*
 * Locales and catalogues.
 *
 * Only two categories are read from the environment: LC_MESSAGES, and of LC_CTYPE whether it is
 * UTF-8.  Numbers, times and letter cases are those of "C" in every language: they are written to
 * records, files and JSON.
 */
#include "cli/line/language.h"

#include <libintl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN "mailauthctl"

/* A catalogue contains formats for printf, and a customer runs this program as root through sudo:
 * it must not be read from a folder that the caller chooses. */
static void refuse_foreign_catalogues(void)
{
	const char *languages = getenv("LANGUAGE");
	if (languages && strchr(languages, '/'))
		unsetenv("LANGUAGE");
	if (getenv("SUDO_UID")) {
		unsetenv("LOCPATH");
		unsetenv("NLSPATH");
	}
}

void language_init(const char *catalogues)
{
	refuse_foreign_catalogues();
	setlocale(LC_CTYPE, "C.UTF-8");
	setlocale(LC_MESSAGES, "");
	bindtextdomain(DOMAIN, catalogues);
	/* independent of OUTPUT_CHARSET */
	bind_textdomain_codeset(DOMAIN, "UTF-8");
	textdomain(DOMAIN);
}

void language_for_line(int argc, char **argv)
{
	bool is_for_machines = false;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *format = NULL;
		if (strcmp(argv[i], "--json") == 0)
			is_for_machines = true;
		else if (strcmp(argv[i], "--format") == 0)
			format = i + 1 < argc ? argv[i + 1] : NULL;
		else if (strncmp(argv[i], "--format=", strlen("--format=")) == 0)
			format = argv[i] + strlen("--format=");
		if (format)
			is_for_machines = strcmp(format, "table") != 0;
	}
	if (is_for_machines)
		setlocale(LC_MESSAGES, "C");
}
