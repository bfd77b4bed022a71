/*
 * cli/line/help_topic.h: the manual's pages as topics of `mailauthctl help`.
 *
 * The texts are rendered when the program is built, so that they can be read without an installed
 * manual.  They are printed without a pager: a pager can run commands, and the program is also
 * called through sudo.
 */
#ifndef CLI_LINE_HELP_TOPIC_H
#define CLI_LINE_HELP_TOPIC_H

#include <stdbool.h>

#include "core/base/buf.h"

/* A page in another language; a list ends in {0}. */
struct help_text {
	const char *language; /* as the catalogue of messages names itself: _("en") */
	const char *utf8, *ascii;
};

struct help_topic {
	const char *name;                     /* "settings" */
	const char *page;                     /* "mailauthctl-settings" */
	const char *help;                     /* one line, N_() */
	const char *utf8, *ascii;             /* the page, at most 80 columns */
	const struct help_text *translations; /* may be NULL */
};

/* The pages; ends in {0}.  Not in the library: a program that links the library generates them. */
extern const struct help_topic help_pages[];

/* By its name or its page's ("mailauthctl-settings", "mailauthctl-settings(5)"); NULL: none. */
const struct help_topic *help_topic_find(const struct help_topic *topics,
                                         const char *name) must_check;

/* The text in the language of messages, in English if there is none; ASCII if the locale of the
 * environment is not UTF-8. */
const char *help_topic_text(const struct help_topic *topic) must_check;

/* The subsection of a page with that heading, such as a setting's key.  False: none. */
bool help_topic_section(const struct help_topic *topic, const char *heading,
                        struct buf *into) must_check;

#endif
