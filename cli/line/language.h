/*
 * cli/line/language.h: the language of messages.
 *
 * It follows LC_ALL, LC_MESSAGES, LANG and LANGUAGE, as gettext does, for people alone: whatever a
 * program reads (JSON, TSV, what is stored, what mailauth-policyd says) is English.
 */
#ifndef CLI_LINE_LANGUAGE_H
#define CLI_LINE_LANGUAGE_H

#include <stdbool.h>

/* Once, before anything is said.  `catalogues` holds <language>/LC_MESSAGES/mailauthctl.mo. */
void language_init(const char *catalogues);

/* English from here on where the command line asks for JSON or TSV, so that what is wrong with the
 * line itself is said in English, too. */
void language_for_line(int argc, char **argv);

#endif
