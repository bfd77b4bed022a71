/*
 * cli/line/language.h: the language of messages.
 *
 * It follows LC_ALL, LC_MESSAGES, LANG and LANGUAGE, as gettext does, and applies to text for
 * people: text for programs (JSON, TSV, stored text, output of mailauth-policyd) is English.
 */
#ifndef CLI_LINE_LANGUAGE_H
#define CLI_LINE_LANGUAGE_H

#include <stdbool.h>

/* Call once, before any message.  `catalogues` contains <language>/LC_MESSAGES/mailauthctl.mo. */
void language_init(const char *catalogues);

/* Switches to English if the command line requests JSON or TSV, so that errors of the line itself
 * are in English, too. */
void language_for_line(int argc, char **argv);

#endif
