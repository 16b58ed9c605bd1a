#include "services/common/arena/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define arena_poison(data, bytes)   __asan_poison_memory_region((data), (bytes))
#define arena_unpoison(data, bytes) __asan_unpoison_memory_region((data), (bytes))
#else
#define arena_poison(data, bytes)   ((void)(data), (void)(bytes))
#define arena_unpoison(data, bytes) ((void)(data), (void)(bytes))
#endif

enum { ARENA_ALIGN = alignof(max_align_t), ARENA_BLOCK_MIN = 256 };

struct block {
    struct block *next;
    size_t capacity;
    size_t used;
    alignas(max_align_t) unsigned char data[];
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *ptr);
    void *ptr;
};

struct arena {
    size_t block_bytes;
    struct block *first;   /* kept over resets; NULL until first use */
    struct block *current; /* where small allocations go */
    struct block *extra;   /* everything but the first */
    struct deferred *deferred;
    size_t used_bytes;
    ProtobufCAllocator allocator;
};

static void *allocate_or_abort(size_t bytes)
{
    void *memory = malloc(bytes);

    if (!memory) {
        fprintf(stderr, "out of memory: %zu bytes\n", bytes);
        abort();
    }
    return memory;
}

static void *allocator_alloc(void *data, size_t bytes)
{
    return arena_alloc(data, bytes);
}

static void allocator_free(void *data, void *pointer)
{
    (void)data;
    (void)pointer;
}

struct arena *arena_new(size_t block_bytes)
{
    struct arena *arena = allocate_or_abort(sizeof(*arena));

    *arena = (struct arena){
        .block_bytes = block_bytes < ARENA_BLOCK_MIN ? ARENA_BLOCK_MIN : block_bytes,
        .allocator = {.alloc = allocator_alloc, .free = allocator_free, .allocator_data = arena},
    };
    return arena;
}

static struct block *block_new(size_t capacity)
{
    struct block *block = allocate_or_abort(sizeof(*block) + capacity);

    block->next = NULL;
    block->capacity = capacity;
    block->used = 0;
    arena_poison(block->data, capacity);
    return block;
}

static void block_free(struct block *block)
{
    arena_unpoison(block->data, block->capacity);
    free(block);
}

void arena_reset(struct arena *arena)
{
    while (arena->deferred) {
        struct deferred *deferred = arena->deferred;

        arena->deferred = deferred->next;
        deferred->fn(deferred->ptr);
    }
    while (arena->extra) {
        struct block *block = arena->extra;

        arena->extra = block->next;
        block_free(block);
    }
    if (arena->first) {
        arena->first->used = 0;
        arena_poison(arena->first->data, arena->first->capacity);
    }
    arena->current = arena->first;
    arena->used_bytes = 0;
}

void arena_free(struct arena *arena)
{
    if (!arena) {
        return;
    }
    arena_reset(arena);
    if (arena->first) {
        block_free(arena->first);
    }
    free(arena);
}

static struct block *extra_block(struct arena *arena, size_t capacity)
{
    struct block *block = block_new(capacity);

    block->next = arena->extra;
    arena->extra = block;
    return block;
}

/* The block that takes `bytes` more; a large allocation gets its own, so that it does not waste a
 * shared one. */
static struct block *block_for(struct arena *arena, size_t bytes)
{
    struct block *block = arena->current;

    if (block && block->capacity - block->used >= bytes) {
        return block;
    }
    if (bytes > arena->block_bytes / 4) {
        return extra_block(arena, bytes);
    }
    if (!arena->first) {
        arena->first = block_new(arena->block_bytes);
        arena->current = arena->first;
    } else {
        arena->current = extra_block(arena, arena->block_bytes);
    }
    return arena->current;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    struct block *block;
    size_t rounded;
    void *memory;

    if (bytes > SIZE_MAX / 2) {
        fprintf(stderr, "allocation of %zu bytes\n", bytes);
        abort();
    }
    rounded = (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (rounded == 0) {
        rounded = ARENA_ALIGN;
    }
    block = block_for(arena, rounded);
    memory = block->data + block->used;
    block->used += rounded;
    arena->used_bytes += rounded;
    arena_unpoison(memory, bytes);
    memset(memory, 0, bytes);
    return memory;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_alloc(arena, len + 1);

    if (len > 0) {
        memcpy(copy, text, len);
    }
    return copy;
}

void *arena_memdup(struct arena *arena, const void *data, size_t len)
{
    void *copy = arena_alloc(arena, len);

    if (len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    char small[256];
    va_list again;
    char *text;
    int len;

    va_copy(again, args);
    len = vsnprintf(small, sizeof(small), format, args);
    if (len < 0) {
        fprintf(stderr, "bad format: %s\n", format);
        abort();
    }
    if ((size_t)len < sizeof(small)) {
        text = arena_strndup(arena, small, (size_t)len);
    } else {
        text = arena_alloc(arena, (size_t)len + 1);
        vsnprintf(text, (size_t)len + 1, format, again);
    }
    va_end(again);
    return text;
}

void arena_defer(struct arena *arena, void (*fn)(void *ptr), void *ptr)
{
    struct deferred *deferred = arena_alloc(arena, sizeof(*deferred));

    *deferred = (struct deferred){.next = arena->deferred, .fn = fn, .ptr = ptr};
    arena->deferred = deferred;
}

ProtobufCAllocator *arena_allocator(struct arena *arena)
{
    return &arena->allocator;
}

size_t arena_used_bytes(const struct arena *arena)
{
    return arena->used_bytes;
}
