/*
 * A configuration file: read, and what can be read is applied to a store in memory.  What was taken
 * over can be written, read back, and is then nothing new.  Keys are not made.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/model/config/config.h"
#include "core/store/change.h"
#include "core/store/schema.h"
#include "tests/fuzz/fuzz.h"

#define CHECK(claim)             \
	do {                     \
		if (!(claim))    \
			abort(); \
	} while (0)

static void no_fault(void *arg, const char *sentence)
{
	(void)arg;
	/* where it stands, and nothing that a terminal would obey */
	CHECK(strncmp(sentence, "file:", 5) == 0);
	for (; *sentence; sentence++)
		CHECK((unsigned char)*sentence >= 0x20 && *sentence != 0x7f);
}

static int enable(void *arg, const struct domain *domain, struct err *err)
{
	return setting_set(arg, SET_DKIM_SIGN, domain->id, domain->name, "on", err);
}

static int publish(void *arg, const struct domain *domain, struct err *err)
{
	(void)arg;
	(void)domain;
	(void)err;
	return 0;
}

static int collect(void *arg, const char *text, size_t len, struct err *err)
{
	(void)err;
	buf_add(arg, text, len);
	return 0;
}

/* 1: something changed, 0: nothing, negative: refused. */
static int apply(struct store *store, struct ctx *ctx, const struct config *config,
                 bool is_pruning, struct err *err)
{
	const struct config_hooks hooks = { is_pruning, enable, publish, store };
	bool is_changed = false;
	CHECK(store_begin(store, true, err) >= 0);
	CHECK(change_begin(store, ctx, "fuzz", err) >= 0);
	int r = config_apply(store, ctx, config, &hooks, err);
	if (r >= 0)
		r = change_end(store, &is_changed, err);
	if (r < 0) {
		CHECK(err->code == r && *err->text);
		store_rollback(store);
		return r;
	}
	CHECK(store_commit(store, err) >= 0);
	return is_changed;
}

static void there_and_back(struct ctx *ctx, const struct config *config)
{
	auto_store store = NULL;
	auto_buf text = BUF_INIT;
	struct err err = ERR_INIT;
	const struct config_output output = { .has_keys = true,
		                              .put = collect,
		                              .arg = &text };
	CHECK(store_open_memory(&schema_store, &store, &err) >= 0);
	if (apply(store, ctx, config, false, &err) < 0)
		return;
	CHECK(config_write(store, &output, &err) >= 0);
	auto_config again = NULL;
	CHECK(config_read(text.at, text.len, "file", no_fault, NULL, &again, &err) >= 0);
	CHECK(apply(store, ctx, again, true, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ctx ctx = { .root_fd = -1 };
	struct err err = ERR_INIT;
	auto_config config = NULL;
	CHECK(ctx_init(&ctx, NULL, &err) >= 0);
	int r = config_read((const char *)data, len, "file", no_fault, NULL, &config,
	                    &err);
	if (r < 0)
		no_fault(NULL, err.text);
	else
		there_and_back(&ctx, config);
	ctx_done(&ctx);
	return 0;
}
