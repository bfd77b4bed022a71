/*
 * Names of key files.
 *
 * They combine the domain, the selector and endings in any order; if a name can be read in two
 * ways, domains in the database decide, then typical forms of selectors.
 */
#include "core/model/life/import_name.h"

#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

static const char *const key_endings[] = { ".private", ".pem",    ".key",     ".priv",
	                                   ".seed",    ".secret", ".dkim-key" };
/* Only before one of those: alone they may be the end of a selector. */
static const char *const inner_endings[] = { ".rsa", ".ed25519" };
static const char *const backup_endings[] = {
	".old",     ".bak",     ".orig",  ".save", ".backup",   ".rpmsave",
	".rpmnew",  ".rpmorig", ".swp",   ".tmp",  ".disabled", ".revoked",
	".expired", ".copy",    ".saved", "~",
};
static const char *const companion_endings[] = { ".txt",    ".pub",  ".public", ".dns",
	                                         ".record", ".zone", ".crt",    ".csr" };

/* The length without the ending; 0: it has none, or consists of it. */
static size_t without(const char *name, size_t len, const char *ending)
{
	size_t n = strlen(ending);
	if (len <= n || strncasecmp(name + len - n, ending, n) != 0)
		return 0;
	return len - n;
}

static size_t without_any(const char *name, size_t len, const char *const *endings,
                          size_t count)
{
	size_t left = 0;
	for (size_t i = 0; i < count && !left; i++)
		left = without(name, len, endings[i]);
	return left;
}

#define WITHOUT_ANY(name, len, endings) \
	without_any(name, len, endings, ARRAY_LEN(endings))

/* Removes the endings of a key file; false: none. */
static bool strip_key(const char *name, struct import_name *into)
{
	bool is_key = false;
	for (size_t len; (len = WITHOUT_ANY(name, into->stem_len, key_endings));) {
		into->is_private |= without(name, into->stem_len, ".private") == len;
		into->stem_len = len;
		is_key = true;
	}
	size_t inner = is_key ? WITHOUT_ANY(name, into->stem_len, inner_endings) : 0;
	if (inner)
		into->stem_len = inner;
	return is_key;
}

/* Also "mail.private.dpkg-old", "mail.private.bak.1", "mail.private.old2". */
static bool is_backup(const char *name, size_t len)
{
	auto_free char *text = xmemdup(name, len);
	while (len > 1 && text[len - 1] >= '0' && text[len - 1] <= '9')
		len--;
	if (len > 1 && text[len - 1] == '.' && text[len])
		len--;
	return WITHOUT_ANY(text, len, backup_endings) || strcasestr(text, ".dpkg-") ||
	       strcasestr(text, ".ucf-") || text[0] == '#';
}

struct import_name import_name_read(const char *name)
{
	struct import_name read = { .kind = IMPORT_NAME_PLAIN, .stem_len = strlen(name) };
	size_t txt = without(name, read.stem_len, ".txt");
	if (is_backup(name, read.stem_len)) {
		read.kind = IMPORT_NAME_BACKUP;
		return read;
	}
	/* docker-mailserver writes "rsa-2048-mail-example.com.private.txt" */
	if (txt && without(name, txt, ".private"))
		read.stem_len = txt;
	if (strip_key(name, &read))
		read.kind = IMPORT_NAME_KEY;
	if (is_backup(name, read.stem_len))
		read.kind = IMPORT_NAME_BACKUP;
	size_t companion = WITHOUT_ANY(name, read.stem_len, companion_endings);
	while (companion && read.kind != IMPORT_NAME_BACKUP) {
		read.kind = IMPORT_NAME_COMPANION;
		read.stem_len = companion;
		companion = WITHOUT_ANY(name, read.stem_len, companion_endings);
	}
	return read;
}

/* ---- domains ---------------------------------------------------------------------------------- */

static const char *last_label(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot ? dot + 1 : name;
}

bool import_name_is_domain(const char *text, char ret_domain[NAME_SIZE])
{
	struct err ignored = ERR_INIT;
	if (name_parse_domain(text, ret_domain, &ignored) < 0)
		return false;
	const char *top = last_label(ret_domain);
	if (text_starts(top, "xn--"))
		return true;
	return strlen(top) >= 2 &&
	       strspn(top, "abcdefghijklmnopqrstuvwxyz") == strlen(top);
}

/* Common top-level domains besides those of two letters; used only to find out which part of a name
 * is the domain. */
static bool is_common_top(const char *label)
{
	static const char *const tops[] = {
		"com",      "net",         "org",    "info",    "biz",    "edu",
		"gov",      "mil",         "int",    "name",    "pro",    "app",
		"dev",      "online",      "shop",   "site",    "xyz",    "club",
		"cloud",    "email",       "tech",   "store",   "blog",   "agency",
		"world",    "example",     "test",   "invalid", "local",  "lan",
		"home",     "arpa",        "aero",   "coop",    "museum", "jobs",
		"travel",   "mobi",        "asia",   "cat",     "top",    "live",
		"news",     "space",       "host",   "art",     "berlin", "koeln",
		"hamburg",  "wien",        "swiss",  "paris",   "group",  "solutions",
		"digital",  "systems",     "studio", "network", "work",   "zone",
		"internal", "localdomain",
	};
	bool is_alphabetic = strspn(label, "abcdefghijklmnopqrstuvwxyz") == strlen(label);
	if ((strlen(label) == 2 && is_alphabetic) || text_starts(label, "xn--"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(tops); i++)
		if (strcmp(label, tops[i]) == 0)
			return true;
	return false;
}

/* "co.uk", "com.br": not a domain of one owner. */
static bool is_registry(const char *domain)
{
	static const char *const seconds[] = { "ac",  "co",  "com", "edu", "go",
		                               "gob", "gov", "gv",  "id",  "ltd",
		                               "me",  "mil", "ne",  "net", "nhs",
		                               "nom", "or",  "org", "plc", "sch" };
	const char *dot = strchr(domain, '.');
	if (!dot || strchr(dot + 1, '.') || strlen(dot + 1) != 2)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(seconds); i++)
		if (strlen(seconds[i]) == (size_t)(dot - domain) &&
		    text_starts(domain, seconds[i]))
			return true;
	return false;
}

/* ---- selectors -------------------------------------------------------------------------------- */

static bool set_selector(const char *text, size_t len, char ret_selector[NAME_SIZE])
{
	struct err ignored = ERR_INIT;
	auto_free char *copy = xmemdup(text, len);
	return name_parse_selector(copy, ret_selector, &ignored) >= 0;
}

/* A label that is typical of selectors and not of hosts: "default", "s1", "selector2", "2024-05",
 * "dkim". */
static bool is_selector_like(const char *label, size_t len)
{
	static const char *const words[] = { "default", "dkim", "selector", "sel",
		                             "key",     "rsa",  "ed25519",  "s",
		                             "k",       "sig" };
	auto_free char *text = xmemdup(label, len);
	size_t digits = strspn(text, "0123456789");
	if (digits >= 4 || (digits && digits == len) || strcasestr(text, "dkim"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);
		if (strncasecmp(text, words[i], n) != 0)
			continue;
		const char *tail = text + n;
		bool is_number = strspn(tail, "-_0123456789") == strlen(tail);
		if (is_number && (*tail || n > 1))
			return true;
	}
	return false;
}

/* ---- splitting -------------------------------------------------------------------------------- */

struct split {
	bool (*is_known)(void *arg, const char *domain);
	void *arg;
	char *domain, *selector; /* of NAME_SIZE */
};

static bool is_known(const struct split *split, const char *domain)
{
	return split->is_known && split->is_known(split->arg, domain);
}

/* The part of `stem` next to the folder's domain, on either side. */
static enum import_split split_in_folder(const char *stem, const char *folder,
                                         struct split *split)
{
	size_t len = strlen(stem), n = strlen(folder);
	char whole[NAME_SIZE];
	memcpy(split->domain, folder, n + 1);
	if (import_name_is_domain(stem, whole) && strcmp(whole, folder) == 0)
		return IMPORT_SPLIT_DOMAIN;
	if (len > n + 1 && strncasecmp(stem, folder, n) == 0 && strchr(".-_", stem[n])) {
		stem += n + 1;
		len -= n + 1;
	} else if (len > n + 1 && strcasecmp(stem + len - n, folder) == 0 &&
	           strchr(".-_", stem[len - n - 1])) {
		len -= n + 1;
	}
	static const char mark[] = "._domainkey";
	if (len > sizeof(mark) - 1 &&
	    strncasecmp(stem + len - (sizeof(mark) - 1), mark, sizeof(mark) - 1) == 0)
		len -= sizeof(mark) - 1;
	return set_selector(stem, len, split->selector) ? IMPORT_SPLIT_BOTH
	                                                : IMPORT_SPLIT_DOMAIN;
}

/* "rsa-2048-<selector>-<domain>", "ed25519-<selector>-<domain>": both may contain hyphens; a domain
 * in the database decides, else the first one ends the selector. */
static enum import_split split_hyphens(const char *stem, struct split *split)
{
	size_t skip = text_starts(stem, "ed25519-") ? 8 : 0;
	if (text_starts(stem, "rsa-"))
		skip = 4 + strspn(stem + 4, "0123456789") + 1;
	if (skip < 8 || strlen(stem) <= skip || stem[skip - 1] != '-')
		return IMPORT_SPLIT_NONE;
	enum import_split found = IMPORT_SPLIT_NONE;
	for (const char *at = stem + skip; (at = strchr(at, '-')); at++) {
		char domain[NAME_SIZE];
		if (at == stem + skip || !import_name_is_domain(at + 1, domain))
			continue;
		bool known = is_known(split, domain);
		if ((found && !known) ||
		    !set_selector(stem + skip, (size_t)(at - stem) - skip,
		                  split->selector))
			continue;
		memcpy(split->domain, domain, sizeof(domain));
		found = IMPORT_SPLIT_BOTH;
		if (known)
			break;
	}
	return found;
}

static enum import_split split_domainkey(const char *stem, struct split *split)
{
	static const char mark[] = "._domainkey.";
	const char *at = strcasestr(stem, mark);
	if (!at || !import_name_is_domain(at + sizeof(mark) - 1, split->domain) ||
	    !set_selector(stem, (size_t)(at - stem), split->selector))
		return IMPORT_SPLIT_NONE;
	return IMPORT_SPLIT_BOTH;
}

/* The longest end or beginning of the stem that is a domain of the database. */
static enum import_split split_known(const char *stem, struct split *split)
{
	for (const char *dot = strchr(stem, '.'); dot; dot = strchr(dot + 1, '.')) {
		char domain[NAME_SIZE];
		if (import_name_is_domain(dot + 1, domain) && is_known(split, domain) &&
		    set_selector(stem, (size_t)(dot - stem), split->selector)) {
			memcpy(split->domain, domain, sizeof(domain));
			return IMPORT_SPLIT_BOTH;
		}
	}
	for (size_t len = strlen(stem); len; len--) {
		char domain[NAME_SIZE];
		if (stem[len - 1] != '.')
			continue;
		auto_free char *front = xmemdup(stem, len - 1);
		if (import_name_is_domain(front, domain) && is_known(split, domain) &&
		    set_selector(stem + len, strlen(stem + len), split->selector)) {
			memcpy(split->domain, domain, sizeof(domain));
			return IMPORT_SPLIT_BOTH;
		}
	}
	return IMPORT_SPLIT_NONE;
}

/* "<domain>.<selector>": the last label is not a top-level domain, the one before it is. */
static enum import_split split_behind(const char *stem, struct split *split)
{
	const char *dot = strrchr(stem, '.');
	if (!dot || dot == stem || is_common_top(dot + 1))
		return IMPORT_SPLIT_NONE;
	auto_free char *front = xmemdup(stem, (size_t)(dot - stem));
	if (!import_name_is_domain(front, split->domain) ||
	    !is_common_top(last_label(split->domain)) ||
	    !set_selector(dot + 1, strlen(dot + 1), split->selector))
		return IMPORT_SPLIT_NONE;
	return IMPORT_SPLIT_BOTH;
}

static enum import_split split_front(const char *stem, bool is_private,
                                     struct split *split)
{
	const char *dot = strchr(stem, '.');
	char domain[NAME_SIZE];
	if (!dot || !import_name_is_domain(dot + 1, domain) || is_registry(domain) ||
	    (!is_private && !is_selector_like(stem, (size_t)(dot - stem))) ||
	    !set_selector(stem, (size_t)(dot - stem), split->selector))
		return IMPORT_SPLIT_NONE;
	memcpy(split->domain, domain, sizeof(domain));
	return IMPORT_SPLIT_GUESS;
}

enum import_split import_name_split(const char *stem, bool is_private, const char *folder,
                                    bool (*known)(void *arg, const char *domain),
                                    void *arg, char ret_domain[NAME_SIZE],
                                    char ret_selector[NAME_SIZE])
{
	char domain[NAME_SIZE] = "", selector[NAME_SIZE] = "", whole[NAME_SIZE];
	struct split split = { known, arg, domain, selector };
	enum import_split found = IMPORT_SPLIT_NONE;
	bool is_whole = import_name_is_domain(stem, whole);
	if (folder)
		found = split_in_folder(stem, folder, &split);
	else if ((found = split_domainkey(stem, &split)) == IMPORT_SPLIT_NONE &&
	         (found = split_hyphens(stem, &split)) == IMPORT_SPLIT_NONE &&
	         !(is_whole && is_known(&split, whole)) &&
	         (found = split_known(stem, &split)) == IMPORT_SPLIT_NONE &&
	         (found = split_behind(stem, &split)) == IMPORT_SPLIT_NONE)
		found = split_front(stem, is_private, &split);
	if (found == IMPORT_SPLIT_NONE && is_whole) {
		memcpy(domain, whole, sizeof(domain));
		found = IMPORT_SPLIT_DOMAIN;
	}
	if (found <= IMPORT_SPLIT_DOMAIN)
		selector[0] = '\0';
	memcpy(ret_domain, found ? domain : "", found ? sizeof(domain) : 1);
	memcpy(ret_selector, selector, sizeof(selector));
	return found;
}
