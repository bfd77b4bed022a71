/* Bounded memory: what fits, what does not, and the way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdalign.h>

#include "core/base/arena.h"

static void test_room(void **state)
{
	(void)state;
	alignas(max_align_t) uint8_t room[256];
	struct arena arena;
	memset(room, 0xff, sizeof(room));
	arena_init(&arena, room, sizeof(room));
	uint8_t *first = arena_alloc(&arena, 200);
	assert_ptr_equal(first, room);
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(first[i], 0);
	assert_false(arena.was_full);
	assert_null(arena_alloc(&arena, 100));
	assert_true(arena.was_full);
	/* a request that did not fit took nothing */
	assert_int_equal(arena_room(&arena), 56);
	assert_non_null(arena_alloc(&arena, 48));
	assert_null(arena_alloc(&arena, 1));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
	arena_reset(&arena);
	assert_false(arena.was_full);
	assert_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
	assert_true(arena.was_full);
	assert_int_equal(arena_room(&arena), 256);
	arena_reset(&arena);
	assert_ptr_equal(arena_alloc(&arena, 256), room);
	assert_null(arena_alloc(&arena, 1));
}

/* What is left is less than what the alignment takes. */
static void test_tail(void **state)
{
	(void)state;
	alignas(max_align_t) uint8_t room[20];
	struct arena arena;
	arena_init(&arena, room, sizeof(room));
	assert_non_null(arena_alloc(&arena, 17));
	assert_null(arena_alloc(&arena, 1));
	assert_null(arena_alloc(&arena, 0));
}

static void test_alignment(void **state)
{
	(void)state;
	alignas(max_align_t) uint8_t room[256];
	struct arena arena;
	for (size_t shift = 0; shift < alignof(max_align_t); shift++) {
		arena_init(&arena, room + shift, sizeof(room) - shift);
		for (size_t size = 1; size < 20; size += 6) {
			void *piece = arena_alloc(&arena, size);
			assert_non_null(piece);
			assert_int_equal((uintptr_t)piece % alignof(max_align_t), 0);
		}
	}
}

static void test_marks(void **state)
{
	(void)state;
	auto_arena arena = { 0 };
	assert_null(arena_alloc(&arena, 1)); /* nothing behind it yet */
	assert_true(arena_open(&arena, 1000));
	assert_non_null(arena_alloc(&arena, 10));
	size_t mark = arena_mark(&arena);
	void *again = arena_alloc(&arena, 10);
	arena_release(&arena, mark);
	assert_ptr_equal(arena_alloc(&arena, 10), again);
	arena_release(&arena, SIZE_MAX); /* no mark of this arena */
	assert_true(arena.used <= arena.size);
	assert_non_null(arena_alloc(&arena, 0));
}

static void test_texts(void **state)
{
	(void)state;
	uint8_t room[128];
	struct arena arena;
	arena_init(&arena, room, sizeof(room));
	char *copy = arena_memdup(&arena, "a\0b", 3);
	assert_memory_equal(copy, "a\0b\0", 4);
	assert_string_equal(arena_memdup(&arena, NULL, 0), "");
	assert_string_equal(arena_printf(&arena, 100, "%s-%d", "x", 7), "x-7");
	assert_string_equal(arena_printf(&arena, 3, "%s", "abcdef"), "abc");
	assert_null(arena_memdup(&arena, room, sizeof(room)));
	assert_null(arena_memdup(&arena, room, SIZE_MAX));
	assert_null(arena_printf(&arena, 1000, "%500d", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),      cmocka_unit_test(test_tail),
		cmocka_unit_test(test_alignment), cmocka_unit_test(test_marks),
		cmocka_unit_test(test_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
