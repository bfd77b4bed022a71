/* core/model/config/config_inner.h: a document that was read; for config_*.c only. */
#ifndef CORE_MODEL_CONFIG_CONFIG_INNER_H
#define CORE_MODEL_CONFIG_CONFIG_INNER_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/yaml.h"
#include "core/model/config/config.h"
#include "core/model/key/key_crypto.h"
#include "core/model/record/template.h"
#include "dnszone/txt/policy.h"

/* Texts are borrowed from the tree unless another owner is named. */

struct config_setting {
	enum setting_key key;
	const struct yaml_node *node; /* its value */
	char *text;                   /* canonical; owned */
};

struct config_settings {
	struct config_setting *row;
	size_t count, room;
};

struct config_record {
	const struct yaml_node *node; /* the record, for the position of its faults */
	const struct yaml_node *data; /* NULL: removed */
	int64_t uid;                  /* of a template record; 0: not given */
	char *owner;                  /* as stored; owned; NULL: not given */
	char type[16];                /* "": not given */
	int64_t ttl;
	enum policy_kind kind;
};

struct config_records {
	const struct yaml_node *node; /* the list; NULL: there is none */
	struct config_record *row;
	size_t count, room;
};

struct config_template {
	const char *name; /* of an older one; NULL: the newest */
	struct config_records records;
};

struct config_key {
	const struct yaml_node *node, *state_node;
	const struct yaml_node *pem;
	char *selector; /* owned */
	const char *state;
	struct key_sight sight;
};

struct config_domain {
	const struct yaml_node *node;
	char *name;                        /* A-labels; owned */
	char *main;                        /* of an alias; owned; NULL: none is named */
	const struct yaml_node *main_node; /* where it is named */
	const struct yaml_node *suspended; /* NULL: not given */
	bool is_suspended;
	struct config_settings settings;
	struct config_records records;
	const struct yaml_node *template_node; /* names an older template; NULL: none */
	const struct config_template *template;
	struct config_key *key;
	size_t key_count, key_room;
};

struct config {
	struct arena mem; /* the tree */
	char *what;
	const struct yaml_node *root;
	const struct yaml_node *server, *domains; /* sections; NULL: not there */
	struct config_settings settings;
	const struct yaml_node *secrets; /* of SRS: a text or a list of texts */
	struct config_template newest;   /* .records.node NULL: not there */
	struct config_template *older;
	size_t older_count, older_room;
	struct config_domain *domain; /* sorted by name */
	size_t domain_count, domain_room;
};

/* Adds the position of a node, or of its key, before the text of `err`; returns err->code.  A fault
 * that depends on the store is ERR_FAILED. */
int config_blame(const struct config *config, const struct yaml_node *node,
                 struct err *err);
int config_blame_key(const struct config *config, const struct yaml_node *node,
                     struct err *err);

/* NULL: not in the document. */
const struct config_domain *config_find_domain(const struct config *config,
                                               const char *name);
const struct config_setting *config_find_setting(const struct config_settings *settings,
                                                 enum setting_key key);

/* ---- config_read.c for config_read_records.c -------------------------------------------------- */

struct config_reader {
	struct config *config;
	struct config_fault {
		unsigned line, column;
		char *text;
	} fault[CONFIG_FAULTS_MAX];
	unsigned faults;
};

/* Records a fault, at most CONFIG_FAULTS_MAX of them. */
void config_fault(struct config_reader *reader, const struct yaml_node *node,
                  const char *fmt, ...) printf_like(3, 4);
void config_fault_key(struct config_reader *reader, const struct yaml_node *node,
                      const char *fmt, ...) printf_like(3, 4);
/* The same with the sentence of `err`, which is cleared. */
void config_fault_err(struct config_reader *reader, const struct yaml_node *node,
                      struct err *err);
/* False (a fault): not a map, or it contains an unknown key.  `keys` ends in NULL. */
bool config_check_keys(struct config_reader *reader, const struct yaml_node *node,
                       const char *const keys[]);
/* The text of a scalar; NULL (a fault): another kind, it contains NUL, or is missing. */
const char *config_text(struct config_reader *reader, const struct yaml_node *node);
/* False (a fault): not on or off. */
bool config_bool(struct config_reader *reader, const struct yaml_node *node,
                 bool *ret_value);

void config_read_template(struct config_reader *reader, const struct yaml_node *node,
                          struct config_template *template);
void config_read_records(struct config_reader *reader, const struct yaml_node *node,
                         struct config_domain *domain);
void config_read_keys(struct config_reader *reader, const struct yaml_node *node,
                      struct config_domain *domain);
/* Checks that a template record has the same owner and type wherever the document names it. */
void config_check_uids(struct config_reader *reader);

void config_records_done(struct config_records *records);
void config_keys_done(struct config_domain *domain);

/* ---- config_apply*.c among each other ------------------------------------------------- */

/* What remains to be done for a domain of the document. */
struct config_due {
	bool is_enabled; /* DKIM has to be switched on */
	bool is_checked; /* its records have to be looked at as a whole */
	bool is_new;
	bool is_published; /* its zone has to be exported if it signs */
};

struct records;

struct config_apply {
	struct store *store;
	struct ctx *ctx;
	const struct config *config;
	const struct config_hooks *hooks;
	struct config_due *due; /* for each domain of the document */
	int64_t *older_rev;     /* for each older template; 0: not used yet */
	bool has_all_moved;     /* every domain got the newest template */
};

/* Applies the newest template; older ones are created if a domain uses them. */
int config_apply_template(struct config_apply *apply, struct err *err) must_check;
/* Checks that a template record is the same wherever the store has its number. */
int config_check_uids_of_store(struct config_apply *apply, struct err *err) must_check;
/* Applies settings (except enabling DKIM), resumption, keys, records. */
int config_apply_domain(struct config_apply *apply, size_t at,
                        struct err *err) must_check;
int config_apply_records(struct config_apply *apply, const struct domain *domain,
                         const struct config_domain *wanted, bool *ret_changed,
                         struct err *err) must_check;
int config_apply_keys(struct config_apply *apply, const struct domain *domain,
                      const struct config_domain *wanted, bool *ret_changed,
                      struct err *err) must_check;
/* Checks all of a domain's records together; the position of the fault is that of one record. */
int config_check_records(struct config_apply *apply, struct records *records,
                         const struct domain *domain, const struct config_domain *wanted,
                         struct err *err) must_check;
/* The revision for a domain. */
int config_revision_of(struct config_apply *apply, const struct config_domain *wanted,
                       int64_t *ret_rev, struct err *err) must_check;

/* Warns about a new or changed record that probably does not mean what was intended, as `record
 * add` does.  `domain` NULL: a record of a template. */
void config_tell_doubts(struct config_apply *apply, const struct config_record *record,
                        const char *owner, const char *type, const char *domain);

#endif
