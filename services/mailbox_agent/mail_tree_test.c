#include "services/mailbox_agent/mail_tree.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "services/common/clock/clock.h"

struct fixture {
    char directory[64];
    struct mail_work work;
    const char *fault;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.directory = "/tmp/mail_tree_test.XXXXXX"};
    assert_non_null(mkdtemp(fixture.directory));
    fixture.work = (struct mail_work){.arena = arena_new(4096),
                                      .root = open(fixture.directory, O_RDONLY | O_DIRECTORY),
                                      .deadline_us = clock_monotonic_us() + 60000000};
    assert_true(fixture.work.root >= 0);
    *state = &fixture;
    return 0;
}

/* Whatever is left is moved to the trash, part by part, and purged: no shell, no recursion of the
 * test's own. */
static int teardown(void **state)
{
    struct fixture *fixture = *state;
    static const char *const places[] = {"a.test", "b.test", "outside"};
    bool is_empty;
    mkdirat(fixture->work.root, ".roost-trash", 0700);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char to[64];
        snprintf(to, sizeof to, ".roost-trash/left%zu", i);
        renameat(fixture->work.root, places[i], fixture->work.root, to);
    }
    fixture->work.deadline_us = clock_monotonic_us() + 60000000;
    assert_true(mail_tree_purge(&fixture->work, &is_empty));
    unlinkat(fixture->work.root, ".roost-trash", AT_REMOVEDIR);
    close(fixture->work.root);
    rmdir(fixture->directory);
    arena_free(fixture->work.arena);
    return 0;
}

static void make_directory(struct fixture *fixture, const char *path)
{
    char text[256];
    for (size_t i = 1; path[i - 1]; i++) {
        if (path[i] == '/' || path[i] == '\0') {
            snprintf(text, sizeof text, "%.*s", (int)i, path);
            mkdirat(fixture->work.root, text, 0700);
        }
    }
}

static void make_file(struct fixture *fixture, const char *path, const char *content)
{
    char directory[256];
    snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(path, '/') - path), path);
    make_directory(fixture, directory);
    int fd = openat(fixture->work.root, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
}

static const char *content_of(struct fixture *fixture, const char *path)
{
    char text[256] = "";
    int fd = openat(fixture->work.root, path, O_RDONLY);
    if (fd < 0) {
        return "(missing)";
    }
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    return arena_strndup(fixture->work.arena, text, len > 0 ? (size_t)len : 0);
}

static bool is_there(struct fixture *fixture, const char *path)
{
    struct stat entry;
    return fstatat(fixture->work.root, path, &entry, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct mail_path path_of(struct fixture *fixture, const char *text)
{
    struct mail_path path;
    const char *fault;
    assert_true(mail_path_parse(fixture->work.arena, text, &path, &fault));
    return path;
}

static bool move(struct fixture *fixture, const char *from, const char *to)
{
    struct mail_path source = path_of(fixture, from);
    struct mail_path destination = path_of(fixture, to);
    return mail_tree_move(&fixture->work, &source, &destination);
}

static bool remove_mailbox(struct fixture *fixture, const char *text)
{
    struct mail_path path = path_of(fixture, text);
    return mail_tree_remove(&fixture->work, &path, "7");
}

static void paths_stay_below_the_root(void **state)
{
    struct fixture *fixture = *state;
    static const char *const refused[] = {
        "",
        "/",
        "bob",
        "/etc/passwd",
        "a.test/",
        "a.test//bob",
        "../a/b",
        "a.test/..",
        "a/../b",
        "a.test/.",
        ".roost-trash/x",
        "a.test/.bob",
        "a.test/b\nob",
        "a/b/c/d/e/f/g/h/i",
    };
    struct mail_path path;
    const char *fault;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (mail_path_parse(fixture->work.arena, refused[i], &path, &fault)) {
            fail_msg("'%s' was taken", refused[i]);
        }
    }
    assert_true(mail_path_parse(fixture->work.arena, "3f/00/63", &path, &fault));
    assert_int_equal(path.n, 3);
}

static void move_makes_parents_and_removes_empty_ones(void **state)
{
    struct fixture *fixture = *state;
    make_file(fixture, "a.test/bob/.maildir/cur/1", "one");
    assert_true(move(fixture, "a.test/bob", "b.test/robert"));
    assert_string_equal(content_of(fixture, "b.test/robert/.maildir/cur/1"), "one");
    assert_false(is_there(fixture, "a.test"));
    /* Again, as after a kill before the report. */
    assert_true(move(fixture, "a.test/bob", "b.test/robert"));
    assert_string_equal(content_of(fixture, "b.test/robert/.maildir/cur/1"), "one");
}

static void missing_source_is_success(void **state)
{
    struct fixture *fixture = *state;
    assert_true(move(fixture, "a.test/bob", "a.test/robert"));
    assert_false(is_there(fixture, "a.test"));
}

static void neighbours_stay(void **state)
{
    struct fixture *fixture = *state;
    make_file(fixture, "a.test/bob/x", "1");
    make_file(fixture, "a.test/bobby/x", "2");
    assert_true(move(fixture, "a.test/bob", "a.test/robert"));
    assert_true(remove_mailbox(fixture, "a.test/robert"));
    assert_string_equal(content_of(fixture, "a.test/bobby/x"), "2");
}

/* A login or a delivery has made the new directory before the agent came. */
static void older_mailbox_keeps_its_numbers(void **state)
{
    struct fixture *fixture = *state;
    make_file(fixture, "a.test/bob/.maildir/cur/1", "old");
    make_file(fixture, "a.test/bob/.maildir/.Sent/cur/2", "sent");
    make_file(fixture, "a.test/bob/.maildir/dovecot-uidlist", "3 V1000 N5 Gabc\n");
    make_file(fixture, "a.test/robert/.maildir/new/3", "new");
    make_file(fixture, "a.test/robert/.maildir/dovecot-uidlist", "3 V2000 N2 Gdef\n");
    make_file(fixture, "a.test/robert/.maildir/dovecot.index.log", "log");
    assert_true(move(fixture, "a.test/bob", "a.test/robert"));
    assert_string_equal(content_of(fixture, "a.test/robert/.maildir/cur/1"), "old");
    assert_string_equal(content_of(fixture, "a.test/robert/.maildir/.Sent/cur/2"), "sent");
    assert_string_equal(content_of(fixture, "a.test/robert/.maildir/new/3"), "new");
    assert_string_equal(content_of(fixture, "a.test/robert/.maildir/dovecot-uidlist"),
                        "3 V1000 N5 Gabc\n");
    assert_false(is_there(fixture, "a.test/robert/.maildir/dovecot.index.log"));
    assert_false(is_there(fixture, "a.test/bob"));
}

/* A delivery that was under way has made the old directory again. */
static void late_delivery_is_moved_along(void **state)
{
    struct fixture *fixture = *state;
    make_file(fixture, "a.test/robert/.maildir/new/1", "first");
    make_file(fixture, "a.test/robert/.maildir/dovecot-uidlist", "3 V1000 N5 Gabc\n");
    make_file(fixture, "a.test/bob/.maildir/new/1", "second");
    make_file(fixture, "a.test/bob/.maildir/dovecot-uidlist", "3 V2000 N2 Gdef\n");
    assert_true(move(fixture, "a.test/bob", "a.test/robert"));
    assert_string_equal(content_of(fixture, "a.test/robert/.maildir/new/1"), "first");
    assert_string_equal(content_of(fixture, "a.test/robert/.maildir/new/11"), "second");
    assert_string_equal(content_of(fixture, "a.test/robert/.maildir/dovecot-uidlist"),
                        "3 V1000 N5 Gabc\n");
    assert_false(is_there(fixture, "a.test/bob"));
}

static void unknown_files_are_kept_on_both_sides(void **state)
{
    struct fixture *fixture = *state;
    make_file(fixture, "a.test/bob/.dovecot.sieve", "keep;");
    make_file(fixture, "a.test/robert/.dovecot.sieve", "discard;");
    assert_true(move(fixture, "a.test/bob", "a.test/robert"));
    assert_string_equal(content_of(fixture, "a.test/robert/.dovecot.sieve"), "discard;");
    assert_string_equal(content_of(fixture, "a.test/robert/1.dovecot.sieve"), "keep;");
}

static void symbolic_links_are_not_followed(void **state)
{
    struct fixture *fixture = *state;
    make_file(fixture, "outside/bob/precious", "x");
    assert_int_equal(symlinkat("outside", fixture->work.root, "a.test"), 0);
    assert_false(move(fixture, "a.test/bob", "b.test/robert"));
    assert_true(fixture->work.is_permanent);
    assert_false(remove_mailbox(fixture, "a.test/bob"));
    assert_string_equal(content_of(fixture, "outside/bob/precious"), "x");
    assert_int_equal(unlinkat(fixture->work.root, "a.test", 0), 0);
    /* Nor inside a mailbox that is removed. */
    make_directory(fixture, "a.test/bob");
    assert_int_equal(symlinkat("../../outside", fixture->work.root, "a.test/bob/link"), 0);
    assert_true(remove_mailbox(fixture, "a.test/bob"));
    assert_string_equal(content_of(fixture, "outside/bob/precious"), "x");
}

static void remove_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    make_file(fixture, "a.test/bob/.maildir/cur/1", "one");
    make_file(fixture, "a.test/bob/.maildir/.Sent/cur/2", "two");
    assert_true(remove_mailbox(fixture, "a.test/bob"));
    assert_false(is_there(fixture, "a.test"));
    assert_false(is_there(fixture, ".roost-trash/7.0"));
    assert_true(remove_mailbox(fixture, "a.test/bob"));
}

/* What a killed or late try has left in the trash goes with the next one. */
static void trash_is_emptied_later(void **state)
{
    struct fixture *fixture = *state;
    bool is_empty;
    make_file(fixture, "a.test/bob/.maildir/cur/1", "one");
    fixture->work.deadline_us = 0;
    assert_true(remove_mailbox(fixture, "a.test/bob"));
    assert_false(is_there(fixture, "a.test"));
    assert_true(is_there(fixture, ".roost-trash/7.0"));
    make_file(fixture, "a.test/bob/x", "again");
    assert_true(remove_mailbox(fixture, "a.test/bob"));
    assert_true(is_there(fixture, ".roost-trash/7.1"));
    fixture->work.deadline_us = clock_monotonic_us() + 60000000;
    assert_true(mail_tree_purge(&fixture->work, &is_empty));
    assert_true(is_empty);
    assert_false(is_there(fixture, ".roost-trash/7.0"));
}

static void late_merge_is_finished_by_the_next_try(void **state)
{
    struct fixture *fixture = *state;
    make_file(fixture, "a.test/bob/.maildir/new/1", "one");
    make_file(fixture, "a.test/robert/.maildir/new/2", "two");
    fixture->work.deadline_us = 0;
    assert_false(move(fixture, "a.test/bob", "a.test/robert"));
    assert_false(fixture->work.is_permanent);
    fixture->work.deadline_us = clock_monotonic_us() + 60000000;
    assert_true(move(fixture, "a.test/bob", "a.test/robert"));
    assert_string_equal(content_of(fixture, "a.test/robert/.maildir/new/1"), "one");
    assert_string_equal(content_of(fixture, "a.test/robert/.maildir/new/2"), "two");
}

static void dbox_is_not_merged(void **state)
{
    struct fixture *fixture = *state;
    make_file(fixture, "a.test/bob/mdbox/storage/m.1", "one");
    make_file(fixture, "a.test/robert/mdbox/storage/m.1", "two");
    assert_false(move(fixture, "a.test/bob", "a.test/robert"));
    assert_true(fixture->work.is_permanent);
    assert_string_equal(content_of(fixture, "a.test/bob/mdbox/storage/m.1"), "one");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(paths_stay_below_the_root),
        TEST(move_makes_parents_and_removes_empty_ones),
        TEST(missing_source_is_success),
        TEST(neighbours_stay),
        TEST(older_mailbox_keeps_its_numbers),
        TEST(late_delivery_is_moved_along),
        TEST(unknown_files_are_kept_on_both_sides),
        TEST(symbolic_links_are_not_followed),
        TEST(remove_leaves_nothing),
        TEST(trash_is_emptied_later),
        TEST(late_merge_is_finished_by_the_next_try),
        TEST(dbox_is_not_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
