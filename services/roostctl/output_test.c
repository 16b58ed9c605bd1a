#include "services/roostctl/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "services/common/message/message.h"

struct printed {
    struct arena *arena;
    char *text, *notes;
    size_t text_len, notes_len;
    struct output_list list;
};

static struct printed *try_begin(const char *columns, size_t width, const struct error **ret_err)
{
    struct printed *printed = calloc(1, sizeof(*printed));
    printed->arena = arena_new(4096);
    printed->list.options = (struct output_options){
        .out = open_memstream(&printed->text, &printed->text_len),
        .notes = open_memstream(&printed->notes, &printed->notes_len),
        .columns = columns,
        .width = width,
    };
    *ret_err = output_list_begin(&printed->list, printed->arena,
                                 &roost__accounts__v1__account__descriptor);
    return printed;
}

static struct printed *begin(const char *columns, size_t width)
{
    const struct error *err;
    struct printed *printed = try_begin(columns, width, &err);
    assert_null(err);
    return printed;
}

static void print_page(struct printed *printed, size_t n, const char *const *usernames)
{
    ProtobufCMessage **messages = arena_alloc(printed->arena, n * sizeof(messages[0]));
    for (size_t i = 0; i < n; i++) {
        Roost__Accounts__V1__Account *account =
            message_new(printed->arena, &roost__accounts__v1__account__descriptor);
        account->id = (int64_t)i + 1;
        account->username = (char *)(uintptr_t)usernames[i];
        messages[i] = &account->base;
    }
    output_list_page(&printed->list, printed->arena, messages, n);
    fflush(printed->list.options.out);
    fflush(printed->list.options.notes);
}

static void end(struct printed *printed)
{
    output_list_end(&printed->list);
    fclose(printed->list.options.out);
    fclose(printed->list.options.notes);
    free(printed->text);
    free(printed->notes);
    arena_free(printed->arena);
    free(printed);
}

static const char *const people[] = {"bob@example.test", "al@example.test"};

static void columns_are_those_asked_for(void **state)
{
    (void)state;
    struct printed *printed = begin("username,pk", 10);
    print_page(printed, 2, people);
    assert_string_equal(printed->text, "username          pk\n"
                                       "bob@example.test  1\n"
                                       "al@example.test   2\n");
    assert_string_equal(printed->notes, "");
    end(printed);
}

static void unknown_column_is_refused_with_those_there_are(void **state)
{
    (void)state;
    static const char *const wrong[] = {"pk,nmae", "p", "pk,", ",pk", "username,,pk"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const struct error *err;
        struct printed *printed = try_begin(wrong[i], 0, &err);
        if (strcmp(wrong[i], "pk,") == 0) { /* a comma at the end asks for nothing more */
            assert_null(err);
        } else {
            assert_non_null(err);
            assert_true(error_is(err, REASON_REQUEST_INVALID));
            assert_non_null(strstr(err->detail, "pk, username, "));
        }
        end(printed);
    }
}

static void an_empty_list_prints_nothing(void **state)
{
    (void)state;
    struct printed *printed = begin("username,pk", 0);
    print_page(printed, 0, NULL);
    assert_string_equal(printed->text, "");
    end(printed);
}

static void characters_are_lined_up_not_bytes(void **state)
{
    static const char *const names[] = {"j\u00fcrgen@example.test", "al@example.test"};
    (void)state;
    struct printed *printed = begin("username,pk", 0);
    print_page(printed, 2, names);
    assert_string_equal(printed->text, "username             pk\n"
                                       "j\u00fcrgen@example.test  1\n"
                                       "al@example.test      2\n");
    end(printed);
}

static void terminal_gets_what_it_has_room_for(void **state)
{
    (void)state;
    struct printed *printed = begin(NULL, 22);
    print_page(printed, 2, people);
    assert_string_equal(printed->text, "pk  username\n"
                                       "1   bob@example.test\n"
                                       "2   al@example.test\n");
    assert_non_null(strstr(printed->notes, "2 of "));
    end(printed);
    printed = begin(NULL, 1); /* one column in any case */
    print_page(printed, 2, people);
    assert_string_equal(printed->text, "pk\n1\n2\n");
    end(printed);
}

static void everything_is_there_without_a_terminal_or_on_demand(void **state)
{
    (void)state;
    struct printed *without = begin(NULL, 0);
    struct printed *on_demand = begin("all", 20);
    print_page(without, 2, people);
    print_page(on_demand, 2, people);
    assert_non_null(strstr(without->text, "mailbox.full_address"));
    assert_string_equal(without->text, on_demand->text);
    assert_string_equal(without->notes, "");
    end(without);
    end(on_demand);
}

static void later_pages_have_the_first_ones_columns(void **state)
{
    static const char *const longer[] = {"a-much-longer-name@example.test"};
    (void)state;
    struct printed *printed = begin("username,pk", 0);
    print_page(printed, 2, people);
    print_page(printed, 1, longer);
    assert_non_null(strstr(printed->text, "\na-much-longer-name@example.test  1\n"));
    assert_null(strstr(strchr(printed->text, '\n'), "username"));
    end(printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_those_asked_for),
        cmocka_unit_test(an_empty_list_prints_nothing),
        cmocka_unit_test(characters_are_lined_up_not_bytes),
        cmocka_unit_test(unknown_column_is_refused_with_those_there_are),
        cmocka_unit_test(terminal_gets_what_it_has_room_for),
        cmocka_unit_test(everything_is_there_without_a_terminal_or_on_demand),
        cmocka_unit_test(later_pages_have_the_first_ones_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
