#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "services/mailboxes/mailboxes_tasks.h"
#include "services/mailboxes/testing/fixture.h"

static void end_sessions(struct fixture *f, int64_t account_id)
{
    Google__Protobuf__Empty *empty;
    Roost__Mailboxes__V1__EndSessionsRequest req = ROOST__MAILBOXES__V1__END_SESSIONS_REQUEST__INIT;
    req.account_id = account_id;
    assert_good(mailboxes_internal_client_end_sessions(fixture_call(f), &req, &empty));
}

/* What the agent is told after it has said that it is done with these ids: "1 bob@…, 2 ann@…". */
static const char *exchange(struct fixture *f, int32_t limit, const char *done)
{
    struct call *call = fixture_call(f);
    Roost__Mailboxes__V1__ClaimOperationsResponse *resp;
    Roost__Mailboxes__V1__ClaimOperationsRequest req =
        ROOST__MAILBOXES__V1__CLAIM_OPERATIONS_REQUEST__INIT;
    int64_t ids[8];
    req.agent = (char *)"test";
    req.session_end_limit = limit;
    req.ended_session_ids = ids;
    for (; *done; done++) {
        ids[req.n_ended_session_ids++] = *done - '0';
    }
    assert_good(mailboxes_internal_client_claim_operations(call, &req, &resp));
    const char *text = "";
    for (size_t i = 0; i < resp->n_session_ends; i++) {
        text = arena_printf(call->arena, "%s%s%d %s", text, i ? ", " : "",
                            (int)resp->session_ends[i]->id, resp->session_ends[i]->address);
    }
    return text;
}

static void sessions_end_once(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    make_mailbox(f, 2, "ann");
    assert_string_equal(exchange(f, 10, ""), "");
    end_sessions(f, 1);
    end_sessions(f, 2);
    assert_string_equal(exchange(f, 10, ""), "1 bob@example.test, 2 ann@example.test");
    assert_string_equal(exchange(f, 1, ""), "1 bob@example.test");
    assert_string_equal(exchange(f, 0, ""), "");
    assert_string_equal(exchange(f, 10, "19"), "2 ann@example.test");
    end_sessions(f, 1);
    assert_string_equal(exchange(f, 10, "2"), "3 bob@example.test");
    /* It is no operation that anybody sees. */
    assert_sql("SELECT count(*) FROM operation", "0");
    assert_sql("SELECT count(*) FROM outbox WHERE event_type <> 'MailboxCreated'", "0");
}

static void who_has_no_mailbox_has_no_sessions(void **state)
{
    struct fixture *f = *state;
    Roost__Mailboxes__V1__Mailbox *mailbox;
    end_sessions(f, 1);
    assert_good(reserve(f, 1, "bob", &mailbox));
    end_sessions(f, 1);
    assert_string_equal(exchange(f, 10, ""), "");
}

static void a_renamed_mailbox_has_no_sessions_under_its_former_address(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    assert_good(rename_mailbox(f, 1, "robert"));
    assert_string_equal(exchange(f, 10, ""), "1 bob@example.test");
    assert_good(rename_mailbox(f, 1, "robert")); /* as it is called already */
    end_sessions(f, 1);
    assert_string_equal(exchange(f, 10, ""), "1 bob@example.test, 2 robert@example.test");
}

static void a_domain_is_one_order(void **state)
{
    struct fixture *f = *state;
    Google__Protobuf__Empty *empty;
    Roost__Mailboxes__V1__EndSessionsRequest end = ROOST__MAILBOXES__V1__END_SESSIONS_REQUEST__INIT;
    Roost__Mailboxes__V1__RemoveDomainResponse *removed;
    Roost__Mailboxes__V1__RemoveDomainRequest remove =
        ROOST__MAILBOXES__V1__REMOVE_DOMAIN_REQUEST__INIT;
    make_mailbox(f, 1, "bob");
    make_mailbox(f, 2, "ann");
    end.domain = (char *)"example.test";
    assert_good(mailboxes_internal_client_end_sessions(fixture_call(f), &end, &empty));
    remove.domain_id = 1;
    remove.limit = 10;
    assert_good(mailboxes_internal_client_remove_domain(fixture_call(f), &remove, &removed));
    assert_int_equal(removed->n_mailbox_ids, 2);
    assert_string_equal(exchange(f, 10, ""), "1 @example.test");
}

static void a_deleted_mailbox_has_no_sessions(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    assert_int_equal(delete_mailbox(f, 1, true), 1);
    assert_string_equal(exchange(f, 10, ""), "1 bob@example.test");
}

static void nobody_waits_longer_than_a_day(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    end_sessions(f, 1);
    end_sessions(f, 1);
    testing_execute("mailboxes",
                    "UPDATE session_end SET created_at = now() - interval '25 hours' WHERE id = 1");
    struct call *task = testing_call_new("mailboxes");
    task->service = &f->config;
    for (size_t i = 0; i < mailboxes_n_tasks; i++) {
        assert_good(mailboxes_tasks[i].run(task));
    }
    testing_call_free(task);
    assert_string_equal(exchange(f, 10, ""), "2 bob@example.test");
}

static void the_agent_cannot_say_too_much(void **state)
{
    struct fixture *f = *state;
    static int64_t ids[1001];
    Roost__Mailboxes__V1__ClaimOperationsResponse *resp;
    Roost__Mailboxes__V1__ClaimOperationsRequest req =
        ROOST__MAILBOXES__V1__CLAIM_OPERATIONS_REQUEST__INIT;
    req.agent = (char *)"test";
    req.ended_session_ids = ids;
    req.n_ended_session_ids = 1001;
    assert_reason(mailboxes_internal_client_claim_operations(fixture_call(f), &req, &resp),
                  "FIELD_INVALID");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
    const struct CMUnitTest tests[] = {
        TEST(sessions_end_once),
        TEST(who_has_no_mailbox_has_no_sessions),
        TEST(a_renamed_mailbox_has_no_sessions_under_its_former_address),
        TEST(a_domain_is_one_order),
        TEST(a_deleted_mailbox_has_no_sessions),
        TEST(nobody_waits_longer_than_a_day),
        TEST(the_agent_cannot_say_too_much),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
