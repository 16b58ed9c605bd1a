/*
 * What a fuzz target implements. Under libFuzzer it is called with bytes that nobody thought of; as
 * a normal test (replay.c) with the files of its corpus.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Returns 0; a fault ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
