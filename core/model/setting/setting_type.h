/*
 * core/model/setting/setting_type.h: the types of settings: how a text is checked and made
 * canonical.  Canonical text is a fixed point for every type.
 */
#ifndef CORE_MODEL_SETTING_SETTING_TYPE_H
#define CORE_MODEL_SETTING_SETTING_TYPE_H

#include <stdint.h>

#include "core/base/err.h"

/* One row each in setting_type.c: name for people, check. */
enum setting_type {
	SETTING_BOOL,
	SETTING_INT,      /* row: min, max */
	SETTING_ENUM,     /* row: words; numbered ones accept their number too, from 1 */
	SETTING_DURATION, /* row: min, max in seconds; 0 allowed where min is 0 */
	SETTING_HOST,     /* a full host name, or empty */
	SETTING_NETWORKS, /* addresses and CIDR blocks */
	SETTING_DOMAINS,  /* domain names; ".x" for what is below x */
	SETTING_SENDERS,  /* domain names, addresses and CIDR blocks */
	SETTING_SELECTOR, /* a pattern of selectors (selector_pattern.h) */
	SETTING_POLICY,   /* text of the _domainkey record, or none */
	SETTING_IPV4,     /* a public address, or empty */
	SETTING_IPV6,
	SETTING_PATH,        /* an absolute path, or empty where the default is */
	SETTING_COMMAND,     /* words of a command, double quotes group */
	SETTING_URL,         /* http or https, or empty */
	SETTING_ACCOUNT,     /* a system account, or empty */
	SETTING_LOCAL_RULES, /* SPF mechanisms */
	SETTING_GUESS_RULES, /* an SPF policy */
	SETTING_EXPLANATION, /* SPF macro text */
	SETTING_SECRET,      /* an action: generate, or - to read standard input */
	SETTING_TYPE_COUNT
};

enum {
	SETTING_AT_DOMAIN = 1, /* domain scope too */
	SETTING_COMPUTED = 2,  /* an empty default means a value of the system */
	SETTING_NUMBERED = 4,  /* enum: numbers from 1 can be used for the words */
	SETTING_IN_ZONES = 8,  /* appears in zones: an export compares every zone again */
	SETTING_FOLDER = 16,   /* path: of a folder */
	SETTING_OWN = 32,      /* networks: of one organization, not of the world */
	SETTING_TRUSTED = 64,  /* networks: of servers that relay, not of the world */
};

struct setting_row {
	const char *key;
	enum setting_type type;
	unsigned flags;
	const char *default_text;
	const char *
		domain_default; /* where an unset domain does not inherit; NULL: it does */
	const char *const *words; /* enums; ends in NULL */
	const char *const
		*word_help; /* a phrase for each of them, N_(), and NULL; NULL: none */
	int64_t min, max;
	const char *help; /* one line, N_() */
};

/* "boolean", "duration": for help and the schema of configuration files. */
const char *setting_type_name(enum setting_type type);

/* Checks `text` for the row and returns its canonical form (the caller frees).  Fails with
 * ERR_USAGE and a sentence that names the setting and its values. */
int setting_parse(const struct setting_row *row, const char *text, char **ret_canonical,
                  struct err *err) must_check;

/* The values of the setting, for people: "on, off", "1024..4096", "duration, at least 5d". */
void setting_describe_values(const struct setting_row *row, char *out, unsigned size);

#endif
