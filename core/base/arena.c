/*
 * A bounded arena: a block and a fill level.
 *
 * `used` grows in arena_alloc() only, after the request was found to fit; the alignment is computed
 * from the address, because a caller's block may begin anywhere.
 */
#include "core/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT alignof(max_align_t)

void arena_init(struct arena *arena, void *octets, size_t size)
{
	*arena = (struct arena){ .at = octets, .size = octets ? size : 0 };
}

bool arena_open(struct arena *arena, size_t size)
{
	*arena = (struct arena){ .at = malloc(size ? size : 1) };
	if (!arena->at)
		return false;
	arena->size = size;
	arena->is_own = true;
	return true;
}

void arena_done(struct arena *arena)
{
	if (arena->is_own)
		free(arena->at);
	*arena = (struct arena){ 0 };
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t pad = -((uintptr_t)arena->at + arena->used) & (ALIGNMENT - 1);
	size_t room = arena->size - arena->used;
	if (!arena->at || pad > room || size > room - pad) {
		arena->was_full = true;
		return NULL;
	}
	uint8_t *piece = arena->at + arena->used + pad;
	arena->used += pad + size;
	return memset(piece, 0, size);
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total)) {
		arena->was_full = true;
		return NULL;
	}
	return arena_alloc(arena, total);
}

char *arena_memdup(struct arena *arena, const void *octets, size_t len)
{
	char *copy = len < SIZE_MAX ? arena_alloc(arena, len + 1) : NULL;
	if (copy && len > 0)
		memcpy(copy, octets, len);
	return copy;
}

char *arena_printf(struct arena *arena, size_t max, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		return NULL;
	size_t room = ((size_t)len < max ? (size_t)len : max) + 1;
	char *text = arena_alloc(arena, room);
	if (!text)
		return NULL;
	va_start(args, fmt);
	vsnprintf(text, room, fmt, args);
	va_end(args);
	return text;
}

size_t arena_room(const struct arena *arena)
{
	return arena->size - arena->used;
}

void arena_reset(struct arena *arena)
{
	arena->used = 0;
	arena->was_full = false;
}

size_t arena_mark(const struct arena *arena)
{
	return arena->used;
}

void arena_release(struct arena *arena, size_t mark)
{
	if (mark <= arena->used)
		arena->used = mark;
}
