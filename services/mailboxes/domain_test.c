#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/mailboxes/testing/fixture.h"

static Roost__Mailboxes__V1__RewriteDomainResponse *rewrite(struct fixture *f, int64_t after)
{
    Roost__Mailboxes__V1__RewriteDomainResponse *resp;
    Roost__Mailboxes__V1__RewriteDomainRequest req =
        ROOST__MAILBOXES__V1__REWRITE_DOMAIN_REQUEST__INIT;
    req.domain_id = 1;
    req.old_name = "example.test";
    req.new_name = "new.test";
    req.limit = 2;
    req.after_mailbox_id = after;
    assert_good(mailboxes_internal_client_rewrite_domain(fixture_call(f), &req, &resp));
    return resp;
}

static void make_three(struct fixture *f)
{
    make_mailbox(f, 1, "bob");
    make_mailbox(f, 2, "ann");
    make_mailbox(f, 3, "tim");
    make_alias(f, "info@example.test", "bob+x@example.test y@else.test");
    make_alias(f, "all@other.test", "info@example.test ann@example.test");
}

static void rename_is_rewritten_in_batches(void **state)
{
    struct fixture *f = *state;
    make_three(f);
    Roost__Mailboxes__V1__RewriteDomainResponse *resp = rewrite(f, 0);
    assert_int_equal(resp->n_mailboxes, 2);
    assert_false(resp->done);
    assert_string_equal(resp->mailboxes[1]->old_address, "ann@example.test");
    assert_string_equal(resp->mailboxes[1]->new_address, "ann@new.test");
    assert_int_equal(resp->mailboxes[1]->account_id, 2);
    /* The answer was lost: the caller begins again, and nobody is left out. */
    resp = rewrite(f, 0);
    assert_int_equal(resp->n_mailboxes, 2);
    resp = rewrite(f, resp->mailboxes[1]->mailbox_id);
    assert_int_equal(resp->n_mailboxes, 1);
    assert_true(resp->done);
    assert_sql("SELECT string_agg(full_address, ' ' ORDER BY id) FROM mailbox",
               "bob@new.test ann@new.test tim@new.test");
    assert_sql("SELECT string_agg(address, ' ' ORDER BY id) FROM alias",
               "info@new.test all@other.test");
    assert_sql("SELECT string_agg(address, ' ' ORDER BY address) FROM alias_recipient",
               "ann@new.test bob+x@new.test info@new.test y@else.test");
    assert_sql("SELECT count(*) FROM outbox WHERE event_type = 'MailboxModified'", "3");
    assert_sql("SELECT count(*) FROM operation", "0");
    /* Who still carries the old name is told to resolve it again. */
    Roost__Mailboxes__V1__Mailbox *mailbox;
    Roost__Mailboxes__V1__Alias *alias;
    assert_reason(reserve(f, 9, "late", &mailbox), "RENAME_IN_PROGRESS");
    assert_reason(create_alias(f, "late@example.test", "x@else.test", &alias),
                  "RENAME_IN_PROGRESS");
    f->domain_name = "new.test";
    make_mailbox(f, 9, "late");
}

static void rename_queues_moves(void **state)
{
    struct fixture *f = *state;
    f->config.layout = MAILBOX_LAYOUT_ADDRESS;
    Roost__Mailboxes__V1__MailboxOperation **operations;
    make_mailbox(f, 1, "bob");
    make_mailbox(f, 2, "ann");
    make_mailbox(f, 3, "tim");
    assert_good(rename_mailbox(f, 1, "robert"));
    assert_int_equal(claim(f, &operations), 1);
    assert_good(rename_mailbox(f, 2, "anna"));
    rewrite(f, 0);
    rewrite(f, 2);
    assert_sql(
        "SELECT string_agg(state || ' ' || argument || ' ' || destination, ', ' ORDER BY id) FROM "
        "operation",
        "running example.test/bob example.test/robert, pending example.test/ann new.test/anna, "
        "pending example.test/robert new.test/robert, pending example.test/tim new.test/tim");
    rewrite(f, 0);
    assert_sql("SELECT count(*) FROM operation", "4");
    /* The second move of bob waits for the first. */
    assert_int_equal(claim_as(f, "other", &operations), 2);
    finish(f, 1, "", false);
    assert_int_equal(claim(f, &operations), 1);
    finish(f, operations[0]->id, "", false);
    assert_sql("SELECT home FROM mailbox WHERE id = 1", "new.test/robert");
}

static void removal_survives_a_lost_answer(void **state)
{
    struct fixture *f = *state;
    Roost__Mailboxes__V1__RemoveDomainResponse *resp;
    Roost__Mailboxes__V1__RemoveDomainRequest req =
        ROOST__MAILBOXES__V1__REMOVE_DOMAIN_REQUEST__INIT;
    Roost__Mailboxes__V1__Mailbox *mailbox;
    int64_t n_seen = 0;
    int n_calls = 0;
    make_three(f);
    req.domain_id = 1;
    req.limit = 2;
    assert_good(mailboxes_internal_client_remove_domain(fixture_call(f), &req, &resp));
    assert_int_equal(resp->n_account_ids, 2);
    assert_reason(reserve(f, 9, "late", &mailbox), "DOMAIN_NOT_FOUND");
    do {
        assert_true(++n_calls < 10);
        assert_good(mailboxes_internal_client_remove_domain(fixture_call(f), &req, &resp));
        for (size_t i = 0; i < resp->n_mailbox_ids; i++) {
            assert_int_equal(resp->account_ids[i], resp->mailbox_ids[i]);
            assert_int_equal(resp->mailbox_ids[i], ++n_seen);
            req.after_mailbox_id = resp->mailbox_ids[i];
        }
    } while (!resp->done);
    assert_int_equal(n_seen, 3);
    assert_sql("SELECT (SELECT count(*) FROM mailbox) || ' ' || (SELECT count(*) FROM alias)",
               "0 0");
    assert_sql("SELECT count(*) FROM operation WHERE type = 'delete'", "3");
    assert_sql("SELECT sum(mailboxes) || ' ' || sum(aliases) FROM counter WHERE domain_id = 0",
               "0 0");
}

static void counters_and_accounts_of_domains(void **state)
{
    struct fixture *f = *state;
    make_three(f);
    Roost__Mailboxes__V1__BatchGetDomainCountersResponse *counters;
    Roost__Mailboxes__V1__BatchGetDomainCountersRequest req =
        ROOST__MAILBOXES__V1__BATCH_GET_DOMAIN_COUNTERS_REQUEST__INIT;
    int64_t ids[] = {1, 2, 77};
    req.domain_ids = ids;
    req.n_domain_ids = 3;
    assert_good(
        mailboxes_internal_client_batch_get_domain_counters(fixture_call(f), &req, &counters));
    assert_int_equal(counters->n_counters, 2);
    assert_int_equal(counters->counters[0]->mailbox_count, 3);
    assert_int_equal(counters->counters[0]->alias_count, 1);
    assert_int_equal(counters->counters[1]->alias_count, 1);
    Roost__Mailboxes__V1__ListDomainAccountsResponse *accounts;
    Roost__Mailboxes__V1__ListDomainAccountsRequest list =
        ROOST__MAILBOXES__V1__LIST_DOMAIN_ACCOUNTS_REQUEST__INIT;
    list.domain_id = 1;
    list.after_account_id = 1;
    list.limit = 10;
    assert_good(mailboxes_internal_client_list_domain_accounts(fixture_call(f), &list, &accounts));
    assert_int_equal(accounts->n_account_ids, 2);
    assert_int_equal(accounts->account_ids[0], 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
    const struct CMUnitTest tests[] = {
        TEST(rename_is_rewritten_in_batches),
        TEST(rename_queues_moves),
        TEST(removal_survives_a_lost_answer),
        TEST(counters_and_accounts_of_domains),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
