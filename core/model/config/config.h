/*
 * core/model/config/config.h: the whole configuration as one YAML document, written and read back.
 *
 *     format: 1
 *     server:            settings of the server that were set
 *       spf.mode: reject-fail
 *     template:          the records that every domain gets
 *       - id: t1
 *         owner: "<domain>."
 *         type: TXT
 *         data: "v=spf1 +mx -all"
 *     older-templates:   only while domains follow older ones: a name for each
 *     domains:
 *       example.com:
 *         alias-of, suspended, template (the name of an older one), settings, records, keys
 *
 * The document contains what an administrator decides, but not what the program records about it
 * (states of keys, times, exports, the audit trail).  Two databases with the same configuration
 * give the same octets.  JSON is YAML: a document in JSON is read, too.
 */
#ifndef CORE_MODEL_CONFIG_CONFIG_H
#define CORE_MODEL_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/model/domain/domain.h"
#include "core/model/setting/setting.h"
#include "core/store/store.h"

#define CONFIG_FORMAT 1
#define CONFIG_INPUT_MAX (256u << 20) /* octets of a document */
#define CONFIG_FAULTS_MAX 20          /* reported at most */

/* ---- writing --------------------------------------------------------------------------------- */

struct config_output {
	bool is_json;
	bool has_keys; /* private keys and secrets, too */
	/* Receives a piece of the document; a negative result ends the work. */
	int (*put)(void *arg, const char *text, size_t len, struct err *err);
	void *arg;
};

/* Writes the document in pieces while it reads the store (NULL: defaults); the caller opens a
 * transaction if it requires one state.  With keys, its own copies of them are wiped. */
int config_write(struct store *store, const struct config_output *output,
                 struct err *err) must_check;

/* The JSON Schema (draft 2020-12) of the document, from the settings table. */
void config_put_schema(struct buf *out);

/* ---- reading --------------------------------------------------------------------------------- */

struct config;

/* Reads a document and checks what can be checked without a store.  ERR_USAGE: `err` has the last
 * fault that was found, "<what>:<line>:<column>: ...", and `fault` was called for those before it,
 * in the order of the document.  `what` is copied. */
int config_read(const char *text, size_t len, const char *what,
                void (*fault)(void *arg, const char *sentence), void *arg,
                struct config **ret_config, struct err *err) must_check;
void config_free(struct config *config);
void config_freep(struct config **config);
#define auto_config cleanup(config_freep) struct config *

/* ---- applying -------------------------------------------------------------------------------- */

struct config_hooks {
	bool is_pruning; /* what the document lacks is removed, in its sections */
	/* Enables DKIM (keyring_switch_on) for a domain for which it is on in the document and off
	 * in the store.  A suspended one is passed as if it were not; its keys are set to resting
	 * after the call. */
	int (*enable)(void *arg, const struct domain *domain, struct err *err);
	/* A name whose zone should be exported once the change is saved. */
	int (*publish)(void *arg, const struct domain *domain, struct err *err);
	void *arg;
};

/* Applies the document to the store, inside an open change.  On failure, the sentence begins with
 * the position of the fault in the document; the store is then partly changed, and the caller rolls
 * back. */
int config_apply(struct store *store, struct ctx *ctx, const struct config *config,
                 const struct config_hooks *hooks, struct err *err) must_check;

/* Whether the document enables DKIM for a domain for which it is off in the store. */
int config_enables(struct store *store, const struct config *config, bool *ret_enables,
                   struct err *err) must_check;

/* The document's settings of the server, in its order: canonical text.  Stops with non-zero. */
int config_each_setting(const struct config *config,
                        int (*each)(void *arg, enum setting_key key, const char *text,
                                    struct err *err),
                        void *arg, struct err *err) must_check;
/* Adds the position of a setting of the server before the text of `err`; returns err->code. */
int config_blame_setting(const struct config *config, enum setting_key key,
                         struct err *err);

#endif
