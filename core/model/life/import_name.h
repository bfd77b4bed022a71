/*
 * core/model/life/import_name.h: determines from the name of a file in a tree of DKIM keys of other
 * programs whether it is a key, and its domain and selector.  Pure.
 */
#ifndef CORE_MODEL_LIFE_IMPORT_NAME_H
#define CORE_MODEL_LIFE_IMPORT_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/macro.h"
#include "dnszone/name/name.h"

enum import_name_kind {
	IMPORT_NAME_PLAIN, /* no ending that is known: a DomainKeys tree has keys of this kind */
	IMPORT_NAME_KEY, /* .private .pem .key .seed and their combinations */
	IMPORT_NAME_BACKUP, /* .old .bak .orig ~ .dpkg-*, before or after an ending of a key */
	IMPORT_NAME_COMPANION, /* .txt .pub .public .dns: a key's public half or its record */
};

struct import_name {
	enum import_name_kind kind;
	size_t stem_len; /* without endings: the octets of the name that may be a selector */
	bool is_private; /* ".private" is among the endings, as opendkim-genkey writes it */
};
struct import_name import_name_read(const char *name) must_check;

/* A name that a mail domain can have: at least two labels, the last one with at least two letters
 * (so "conf.d" is not one). */
bool import_name_is_domain(const char *text, char ret_domain[NAME_SIZE]) must_check;

/* How certain the meaning of a stem is. */
enum import_split {
	IMPORT_SPLIT_NONE,   /* no domain is in it */
	IMPORT_SPLIT_DOMAIN, /* a domain alone: the selector is not known */
	IMPORT_SPLIT_GUESS,  /* both, and the whole could be a domain, too */
	IMPORT_SPLIT_BOTH,
};

/* Splits a stem.  `folder` (NULL: none) is the domain whose folder the file is in: the rest of the
 * name without that domain is the selector.  Otherwise both are in the name: "<selector>.<domain>",
 * "<domain>.<selector>", "<selector>._domainkey.<domain>", "rsa-2048-<selector>-<domain>"
 * (docker-mailserver).  `is_known` determines the domain if a name can be split in several ways.
 * Empty texts: not known. */
enum import_split import_name_split(const char *stem, bool is_private, const char *folder,
                                    bool (*is_known)(void *arg, const char *domain),
                                    void *arg, char ret_domain[NAME_SIZE],
                                    char ret_selector[NAME_SIZE]);

#endif
