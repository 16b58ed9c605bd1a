#include "services/roostctl/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "proto/roost/mailboxes/v1/mailboxes.pb-c.h"

static const struct error *build(struct arena *arena, const char *noun, const char *verb,
                                 char *const *words, ProtobufCMessage **ret_request)
{
    size_t n_commands;
    size_t n_words = 0;
    const struct command *commands = commands_all(arena, &n_commands);
    const struct command *command = command_find(commands, n_commands, noun, verb);
    assert_non_null(command);
    while (words[n_words]) {
        n_words++;
    }
    return request_build(arena, command, n_words, words, ret_request);
}

static void every_collection_has_its_commands(void **state)
{
    (void)state;
    static const char *const expected[][2] = {
        {"accounts", "list"},
        {"accounts", "create"},
        {"accounts", "get"},
        {"accounts", "update"},
        {"accounts", "delete"},
        {"accounts", "password"},
        {"accounts", "exists"},
        {"domains", "create"},
        {"domains", "delete"},
        {"domainaliases", "list"},
        {"aliases", "update"},
        {"quotas", "list"},
        {"quotas", "get"},
        {"dns", "get"},
        {"dns", "run"},
        {"operations", "list"},
        {"operations", "retry"},
        {"mailboxes", "get"},
        {"token", "create"},
        {"token", "delete"},
        {"token", "list"},
        {"me", "get"},
        {"me", "update"},
        {"me", "password"},
        {"me", "password_change"},
        {"sessions", "end_others"},
    };
    struct arena *arena = arena_new(4096);
    size_t n;
    const struct command *commands = commands_all(arena, &n);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        if (!command_find(commands, n, expected[i][0], expected[i][1])) {
            fail_msg("missing: %s %s", expected[i][0], expected[i][1]);
        }
    }
    assert_null(command_find(commands, n, "auth", "login"));
    arena_free(arena);
}

static void flags_fill_the_body(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    char *const words[] = {"--username",
                           "bob@example.test",
                           "--role=SimpleUsers",
                           "--is_active",
                           "false",
                           "--mailbox.quota",
                           "2G",
                           "--request_id",
                           "r1",
                           NULL};
    ProtobufCMessage *message;
    assert_null(build(arena, "accounts", "create", words, &message));
    const Roost__Accounts__V1__CreateAccountRequest *request = (void *)message;
    assert_string_equal(request->account->username, "bob@example.test");
    assert_string_equal(request->account->role, "SimpleUsers");
    assert_false(request->account->is_active);
    assert_int_equal(request->account->mailbox->quota, 2048);
    assert_string_equal(request->request_id, "r1");
    arena_free(arena);
}

static void a_repeated_flag_makes_a_list(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    char *const words[] = {"--address",
                           "info@example.test",
                           "--recipients",
                           "a@example.test",
                           "--recipients",
                           "b@example.org",
                           NULL};
    ProtobufCMessage *message;
    assert_null(build(arena, "aliases", "create", words, &message));
    const Roost__Mailboxes__V1__CreateAliasRequest *request = (void *)message;
    assert_int_equal(request->alias->n_recipients, 2);
    assert_string_equal(request->alias->recipients[1], "b@example.org");
    arena_free(arena);
}

static void an_update_names_what_it_changes(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    char *const words[] = {"7", "--first_name", "Bob", "--mailbox.quota=5", NULL};
    ProtobufCMessage *message;
    assert_null(build(arena, "accounts", "update", words, &message));
    const Roost__Accounts__V1__UpdateAccountRequest *request = (void *)message;
    assert_int_equal(request->id, 7);
    assert_int_equal(request->update_mask->n_paths, 2);
    assert_string_equal(request->update_mask->paths[0], "first_name");
    assert_string_equal(request->update_mask->paths[1], "mailbox.quota");
    arena_free(arena);
}

static void a_secret_comes_from_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/roostctl-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "Toto1234!\n", 10), 10);
    close(fd);
    struct arena *arena = arena_new(4096);
    char *const words[] = {"--password-file", path, NULL};
    ProtobufCMessage *message;
    assert_null(build(arena, "accounts", "create", words, &message));
    assert_string_equal(((Roost__Accounts__V1__CreateAccountRequest *)message)->account->password,
                        "Toto1234!");
    unlink(path);
    arena_free(arena);
}

static void wrong_words_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *noun, *verb;
        char *const words[4];
    } cases[] = {
        {"accounts", "get", {NULL}},
        {"accounts", "get", {"x", NULL}},
        {"accounts", "get", {"7", "8", NULL}},
        {"accounts", "create", {"--nonsense", "1", NULL}},
        {"accounts", "create", {"--pk", "1", NULL}},
        {"accounts", "create", {"--username", NULL}},
        {"accounts", "create", {"--is_active", "perhaps", NULL}},
        {"accounts", "create", {"--mailbox.quota", "many", NULL}},
        {"accounts", "create", {"--username.first", "x", NULL}},
        {"accounts", "create", {"--password-file", "/nonexistent/file", NULL}},
    };
    struct arena *arena = arena_new(4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ProtobufCMessage *message;
        if (!build(arena, cases[i].noun, cases[i].verb, cases[i].words, &message)) {
            fail_msg("accepted: case %zu", i);
        }
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_collection_has_its_commands),
        cmocka_unit_test(flags_fill_the_body),
        cmocka_unit_test(a_repeated_flag_makes_a_list),
        cmocka_unit_test(an_update_names_what_it_changes),
        cmocka_unit_test(a_secret_comes_from_a_file),
        cmocka_unit_test(wrong_words_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
