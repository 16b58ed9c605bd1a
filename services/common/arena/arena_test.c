#include "services/common/arena/arena.h"

#include <setjmp.h>
#include <signal.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = arena_new(1024);
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static void allocations_are_zeroed_aligned_and_apart(void **state)
{
    static const size_t sizes[] = {0,   1,   7,    8,    16,   100,  255,
                                   256, 257, 1023, 1024, 1025, 5000, 100000};
    unsigned char *pointers[sizeof(sizes) / sizeof(sizes[0])];
    enum { N = sizeof(sizes) / sizeof(sizes[0]) };

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < N; i++) {
            pointers[i] = arena_alloc(*state, sizes[i]);
            assert_int_equal((uintptr_t)pointers[i] % alignof(max_align_t), 0);
            for (size_t k = 0; k < sizes[i]; k++) {
                assert_int_equal(pointers[i][k], 0);
            }
            memset(pointers[i], (int)i + 1, sizes[i]);
        }
        for (size_t i = 0; i < N; i++) {
            for (size_t k = 0; k < sizes[i]; k++) {
                assert_int_equal(pointers[i][k], i + 1);
            }
        }
        arena_reset(*state);
    }
}

static void nothing_is_used_before_first_use_and_after_reset(void **state)
{
    assert_int_equal(arena_used_bytes(*state), 0);
    (void)arena_alloc(*state, 10);
    assert_in_range(arena_used_bytes(*state), 10, 32);
    (void)arena_alloc(*state, 100000);
    assert_true(arena_used_bytes(*state) >= 100010);
    arena_reset(*state);
    assert_int_equal(arena_used_bytes(*state), 0);
}

static void first_block_is_kept(void **state)
{
    void *first = arena_alloc(*state, 16);

    (void)arena_alloc(*state, 5000);
    arena_reset(*state);
    assert_ptr_equal(arena_alloc(*state, 16), first);
}

static void texts_are_copied(void **state)
{
    char text[] = "hello";
    char *copy = arena_strdup(*state, text);
    char *part = arena_strndup(*state, text, 2);
    void *bytes = arena_memdup(*state, "a\0b", 3);

    text[0] = 'j';
    assert_string_equal(copy, "hello");
    assert_string_equal(part, "he");
    assert_memory_equal(bytes, "a\0b", 3);
    assert_string_equal(arena_strndup(*state, NULL, 0), "");
    assert_non_null(arena_memdup(*state, NULL, 0));
}

static void printf_has_no_limit(void **state)
{
    static const int widths[] = {0, 1, 254, 255, 256, 257, 5000};

    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        char *text = arena_printf(*state, "%*s", widths[i], "");

        assert_int_equal(strlen(text), widths[i]);
    }
    assert_string_equal(arena_printf(*state, "%s=%d", "a", 1), "a=1");
}

static char deferred_order[8];

static void note(void *ptr)
{
    deferred_order[strlen(deferred_order)] = *(const char *)ptr;
}

static void deferred_run_newest_first_and_once(void **state)
{
    memset(deferred_order, 0, sizeof(deferred_order));
    arena_defer(*state, note, arena_strdup(*state, "a"));
    arena_defer(*state, note, arena_strdup(*state, "b"));
    arena_defer(*state, note, arena_strdup(*state, "c"));
    assert_string_equal(deferred_order, "");
    arena_reset(*state);
    assert_string_equal(deferred_order, "cba");
    arena_reset(*state);
    assert_string_equal(deferred_order, "cba");
}

static void deferred_run_when_freed(void **state)
{
    struct arena *arena = arena_new(0);

    (void)state;
    memset(deferred_order, 0, sizeof(deferred_order));
    arena_defer(arena, note, (void *)(uintptr_t) "x");
    arena_free(arena);
    assert_string_equal(deferred_order, "x");
    arena_free(NULL);
}

static void allocator_serves_protobuf(void **state)
{
    ProtobufCAllocator *allocator = arena_allocator(*state);
    char *memory = allocator->alloc(allocator->allocator_data, 10);

    memset(memory, 1, 10);
    allocator->free(allocator->allocator_data, memory);
    assert_int_equal(memory[9], 1);
}

static void absurd_size_aborts(void **state)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        (void)close(STDERR_FILENO);
        (void)arena_alloc(*state, SIZE_MAX - 8);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(allocations_are_zeroed_aligned_and_apart),
        TEST(nothing_is_used_before_first_use_and_after_reset),
        TEST(first_block_is_kept),
        TEST(texts_are_copied),
        TEST(printf_has_no_limit),
        TEST(deferred_run_newest_first_and_once),
        TEST(deferred_run_when_freed),
        TEST(allocator_serves_protobuf),
        TEST(absurd_size_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
