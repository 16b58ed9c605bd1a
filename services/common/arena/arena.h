/*
 * A region of memory that is released as a whole. Each worker thread has one and resets it after
 * every call, so request data is never freed by hand. Allocation aborts the process when the system
 * is out of memory; it never returns NULL. Not thread safe: one arena, one thread.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* A new arena; its first block is allocated on first use and kept over resets. */
struct arena *arena_new(size_t block_bytes);
void arena_free(struct arena *arena);
/* Runs the clean-ups, newest first, and forgets all allocations. */
void arena_reset(struct arena *arena);

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t bytes);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t len);
void *arena_memdup(struct arena *arena, const void *data, size_t len);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args);

/* Calls fn(ptr) at the next reset or free: for things that are not memory, such as a query result.
 */
void arena_defer(struct arena *arena, void (*fn)(void *ptr), void *ptr);

/* For protobuf-c's unpack: allocates here, free does nothing. Valid as long as the arena. */
ProtobufCAllocator *arena_allocator(struct arena *arena);

/* Bytes handed out since the last reset. */
size_t arena_used_bytes(const struct arena *arena);
