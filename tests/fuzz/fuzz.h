/* tests/fuzz/fuzz.h: what a fuzz target gives; libFuzzer or replay.c calls it. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Aborts when something is wrong with what was made of the input; always gives 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
