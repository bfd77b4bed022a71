/*
 * core/base/arena.h: limited memory for work on foreign data.
 *
 * One block of a fixed size, allocated from the front; single pieces are never freed.  A full arena
 * returns NULL, which the caller turns into a temporary or permanent error: nothing here aborts or
 * grows.
 */
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/macro.h"

struct arena {
	uint8_t *at;
	size_t size; /* octets at `at` */
	size_t used;
	bool is_own;   /* `at` came from arena_open() */
	bool was_full; /* a request was refused since arena_init(), _open() or _reset() */
};

#define auto_arena cleanup(arena_done) struct arena

/* Uses the caller's memory, which must outlive the arena. */
void arena_init(struct arena *arena, void *octets, size_t size);
/* Allocates `size` octets; pages that are never used cost nothing.  False: no memory; the arena is
 * empty (every request returns NULL). */
bool arena_open(struct arena *arena, size_t size) must_check;
/* Frees the allocation.  Accepts a zeroed arena. */
void arena_done(struct arena *arena);

/* `size` octets, zeroed, aligned for any type.  NULL: the arena is full.  Size 0 returns a
 * pointer that is not NULL and must not be read. */
void *arena_alloc(struct arena *arena, size_t size) must_check;
/* The same for an array; NULL also if the product exceeds size_t. */
void *arena_calloc(struct arena *arena, size_t count, size_t size) must_check;
/* A copy of `len` octets, with a NUL after them. */
char *arena_memdup(struct arena *arena, const void *octets, size_t len) must_check;
/* sprintf into the arena, truncated to `max` octets. */
char *arena_printf(struct arena *arena, size_t max, const char *fmt, ...)
	printf_like(3, 4) must_check;

/* Octets that are still free. */
size_t arena_room(const struct arena *arena);

/* All memory allocated so far becomes invalid. */
void arena_reset(struct arena *arena);
/* arena_release() makes memory invalid that was allocated since arena_mark(). */
size_t arena_mark(const struct arena *arena) must_check;
void arena_release(struct arena *arena, size_t mark);

#endif
