/*
 * core/model/setting/setting_label.h: the labels of a hosting panel's mail-authentication page, next
 * to our settings and values.
 *
 * Only labels that a published text quotes word for word; the sources are named in the .c file.
 * They are never stored: a label that is typed becomes the value of its row.
 */
#ifndef CORE_MODEL_SETTING_SETTING_LABEL_H
#define CORE_MODEL_SETTING_SETTING_LABEL_H

#include "core/model/setting/setting.h"

struct setting_label {
	enum setting_key key;
	const char *value;    /* the value that it selects; NULL: the name of the field */
	const char *language; /* "en", "es" */
	const char *source;   /* "panel", "panel, older", "qmail"; not translated */
	const char *text;
};

extern const struct setting_label setting_labels[]; /* by setting, then by value */
extern const unsigned setting_label_count;

/* The value whose label `text` is, without regard to case, punctuation and surrounding blanks;
 * NULL: it is not the label of a value of that setting.  Nothing is allocated for the caller. */
const char *setting_label_value(enum setting_key key, const char *text);

#endif
