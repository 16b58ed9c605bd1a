#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "services/mailboxes/operation_store.h"
#include "services/mailboxes/testing/fixture.h"

static int64_t claim_one(struct fixture *f)
{
    Roost__Mailboxes__V1__MailboxOperation **operations;
    assert_int_equal(claim(f, &operations), 1);
    return operations[0]->id;
}

static void assert_queue_is_empty(struct fixture *f)
{
    Roost__Mailboxes__V1__MailboxOperation **operations;
    assert_int_equal(claim_as(f, "other", &operations), 0);
}

static void rename_moves_the_directory(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    assert_sql("SELECT home FROM mailbox", "example.test/bob");
    assert_good(rename_mailbox(f, 1, "robert"));
    assert_sql("SELECT argument || ' ' || destination || ' ' || state FROM operation",
               "example.test/bob example.test/robert pending");
    assert_reason(rename_mailbox(f, 1, "bobby"), "OPERATION_PENDING");
    int64_t id = claim_one(f);
    assert_queue_is_empty(f);
    assert_sql("SELECT home FROM mailbox", "example.test/bob");
    finish(f, id, "", false);
    finish(f, id, "", false);
    assert_sql("SELECT home FROM mailbox", "example.test/robert");
    assert_sql("SELECT string_agg(event_type, ' ' ORDER BY id) FROM outbox",
               "MailboxCreated MailboxModified MailboxOperationFinished");
    assert_good(rename_mailbox(f, 1, "bobby"));
}

static void failed_rename_falls_back(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    assert_good(rename_mailbox(f, 1, "robert"));
    for (int i = 0; i < 3; i++) {
        assert_sql("SELECT state FROM operation", "pending");
        testing_execute("mailboxes", "UPDATE operation SET next_attempt_at = now()");
        finish(f, claim_one(f), "disk full", false);
    }
    assert_sql("SELECT state || ' ' || attempts || ' ' || last_error FROM operation",
               "failed 3 disk full");
    assert_sql("SELECT home FROM mailbox", "example.test/bob");
    assert_sql("SELECT event_type FROM outbox ORDER BY id DESC LIMIT 1", "MailboxOperationFailed");
    Roost__Mailboxes__V1__MailboxOperation *operation;
    Roost__Mailboxes__V1__RetryMailboxOperationRequest req =
        ROOST__MAILBOXES__V1__RETRY_MAILBOX_OPERATION_REQUEST__INIT;
    req.id = 1;
    assert_good(mailboxes_client_retry_mailbox_operation(fixture_call(f), &req, &operation));
    assert_string_equal(operation->state, "pending");
    assert_int_equal(operation->attempts, 0);
    assert_reason(mailboxes_client_retry_mailbox_operation(fixture_call(f), &req, &operation),
                  "OPERATION_NOT_FAILED");
    req.id = 9;
    assert_reason(mailboxes_client_retry_mailbox_operation(fixture_call(f), &req, &operation),
                  "OPERATION_NOT_FOUND");
    finish(f, claim_one(f), "", false);
    assert_sql("SELECT home FROM mailbox", "example.test/robert");
}

static void next_rename_collects_what_a_failed_one_left(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    assert_good(rename_mailbox(f, 1, "robert"));
    finish(f, claim_one(f), "no", true);
    assert_good(rename_mailbox(f, 1, "bobby"));
    assert_sql("SELECT string_agg(state || ' ' || argument || ' ' || destination, ', ' ORDER BY "
               "id) FROM operation",
               "done example.test/bob example.test/robert, pending example.test/robert "
               "example.test/bobby, "
               "pending example.test/bob example.test/bobby");
    finish(f, claim_one(f), "", false);
    assert_sql("SELECT home FROM mailbox", "example.test/bob");
    finish(f, claim_one(f), "", false);
    assert_sql("SELECT home FROM mailbox", "example.test/bobby");
}

static void directory_is_never_shared(void **state)
{
    struct fixture *f = *state;
    Roost__Mailboxes__V1__Mailbox *mailbox;
    make_mailbox(f, 1, "bob");
    assert_good(rename_mailbox(f, 1, "robert"));
    assert_reason(reserve(f, 2, "bob", &mailbox), "OPERATION_PENDING");
    finish(f, claim_one(f), "", false);
    assert_good(reserve(f, 2, "bob", &mailbox));
    assert_int_equal(delete_mailbox(f, 1, false), 1);
    assert_reason(reserve(f, 3, "robert", &mailbox), "OPERATION_PENDING");
    /* Also when it could not be removed: there is somebody's mail in it. */
    finish(f, claim_one(f), "no", true);
    assert_reason(reserve(f, 3, "robert", &mailbox), "OPERATION_PENDING");
    testing_execute("mailboxes", "UPDATE operation SET state = 'done'");
    assert_good(reserve(f, 3, "robert", &mailbox));
    make_mailbox(f, 4, "tim");
    assert_true(delete_mailbox(f, 4, false) > 0);
    assert_reason(rename_mailbox(f, 2, "tim"), "MAILBOX_NOT_FOUND");
}

static void delete_removes_both_ends_of_a_move(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    assert_good(rename_mailbox(f, 1, "robert"));
    int64_t running = claim_one(f);
    assert_int_equal(delete_mailbox(f, 1, false), 1);
    assert_sql("SELECT string_agg(type || ' ' || argument, ', ' ORDER BY id) FROM operation",
               "rename example.test/bob, delete example.test/bob, delete example.test/robert");
    assert_queue_is_empty(f);
    finish(f, running, "", false);
    finish(f, claim_one(f), "", false);
    finish(f, claim_one(f), "", false);
    assert_queue_is_empty(f);
}

static void lease_runs_out(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    assert_good(rename_mailbox(f, 1, "robert"));
    int64_t id = claim_one(f);
    testing_execute("mailboxes", "UPDATE operation SET lease_until = now(), agent = 'dead'");
    /* Somebody else's answer does not count. */
    finish(f, id, "", false);
    assert_sql("SELECT state FROM operation", "running");
    assert_int_equal(claim_one(f), id);
    assert_sql("SELECT attempts || agent FROM operation", "2test");
    finish(f, id, "", false);
    assert_sql("SELECT state FROM operation", "done");
}

static void killed_agent_takes_its_own_again(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    assert_good(rename_mailbox(f, 1, "robert"));
    int64_t id = claim_one(f);
    assert_queue_is_empty(f);
    assert_int_equal(claim_one(f), id);
    assert_sql("SELECT attempts FROM operation", "2");
}

static void abandoned_rename_fails(void **state)
{
    struct fixture *f = *state;
    size_t n;
    struct call *call = testing_call_new("mailboxes");
    call->service = &f->config;
    make_mailbox(f, 1, "bob");
    assert_good(rename_mailbox(f, 1, "robert"));
    assert_good(operation_store_fail_stale(call, &n));
    assert_int_equal(n, 0);
    testing_execute("mailboxes", "UPDATE operation SET queued_at = now() - interval '1 day'");
    assert_good(operation_store_fail_stale(call, &n));
    assert_int_equal(n, 1);
    assert_sql("SELECT state || ' ' || last_error FROM operation",
               "failed no mailbox agent has carried it out in time");
    /* The agent comes back and reports: the directory is moved once more, for what came in between.
     */
    testing_execute("mailboxes", "UPDATE operation SET agent = 'test'");
    finish(f, 1, "", false);
    assert_sql("SELECT state FROM operation", "pending");
    testing_call_free(call);
}

static void lists_newest_first(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    make_mailbox(f, 2, "ann");
    delete_mailbox(f, 1, false);
    delete_mailbox(f, 2, false);
    Roost__Mailboxes__V1__ListMailboxOperationsResponse *resp;
    Roost__Mailboxes__V1__ListMailboxOperationsRequest req =
        ROOST__MAILBOXES__V1__LIST_MAILBOX_OPERATIONS_REQUEST__INIT;
    assert_good(mailboxes_client_list_mailbox_operations(fixture_call(f), &req, &resp));
    assert_int_equal(resp->n_mailbox_operations, 2);
    assert_string_equal(resp->mailbox_operations[0]->full_address, "ann@example.test");
    req.state = "failed";
    req.count = true;
    assert_good(mailboxes_client_list_mailbox_operations(fixture_call(f), &req, &resp));
    assert_int_equal(resp->n_mailbox_operations, 0);
    assert_int_equal(resp->total_size, 0);
    req.state = "odd";
    assert_reason(mailboxes_client_list_mailbox_operations(fixture_call(f), &req, &resp),
                  "FIELD_INVALID");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset_by_address)
    const struct CMUnitTest tests[] = {
        TEST(rename_moves_the_directory),
        TEST(failed_rename_falls_back),
        TEST(next_rename_collects_what_a_failed_one_left),
        TEST(directory_is_never_shared),
        TEST(delete_removes_both_ends_of_a_move),
        TEST(lease_runs_out),
        TEST(killed_agent_takes_its_own_again),
        TEST(abandoned_rename_fails),
        TEST(lists_newest_first),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
