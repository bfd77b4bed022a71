/*
 * core/mta/probe/map_probe.h: whether a lookup table of an SRS daemon answers correctly, queried in
 * the protocols of mail servers: tcp_table(5), postsrsd 1.x, and socketmap_table(5), postsrsd 2.x.
 */
#ifndef CORE_MTA_PROBE_MAP_PROBE_H
#define CORE_MTA_PROBE_MAP_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/ctx.h"
#include "core/base/err.h"
#include "core/mta/plan/plan.h"
#include "core/mta/plan/probe_type.h"

/* One look-up.  `table` is "tcp:HOST:PORT", "socketmap:unix:/PATH:NAME" (inside the root) or
 * "socketmap:inet:HOST:PORT:NAME", hosts numeric ("[::1]" too) or localhost.  1: found, and the
 * value is appended to `value`; 0: the table has no such key; fails: no listener, another protocol,
 * a temporary failure of the table (with its text). */
int map_look_up(struct ctx *ctx, const char *table, const char *key, int64_t deadline,
                struct buf *value, struct err *err) must_check;

/* Whether it is "SRS0=...@domain" or "SRS1=...@domain" (any of the separators "=-+"). */
bool map_is_srs_address(const char *address, const char *domain) must_check;

struct map_question {
	char *key;
	char *domain; /* NULL: nothing may be found */
	char *reverse; /* a table that must return `key` for the result; NULL: it is not queried */
};

/* A look-up of the key in the table at step->object (see map_look_up()) returns an SRS address of
 * the domain. */
extern const struct probe_type map_probe;

/* Of a step of map_probe. */
static inline struct map_question *map_question(const struct step *step)
{
	return step->question;
}

#endif
