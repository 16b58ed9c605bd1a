#include "services/common/request_log/request_log.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/roost/domains/v1/domains.pb-c.h"
#include "services/common/testing/testing.h"

typedef Roost__Domains__V1__CreateDomainRequest Request;
typedef Roost__Domains__V1__Domain Domain;

/* A write as a handler does it: begin, change, end, in one transaction. */
struct write {
    struct call *call;
    const char *request_id;
    const char *name;
    bool is_refused;
    ProtobufCMessage *replayed;
};

static const struct pg_statement count_up = {
    .name = "count_up",
    .sql = "INSERT INTO change (name) VALUES ('x') RETURNING id",
};

static void fill(const struct write *write, Request *request, Domain *domain)
{
    roost__domains__v1__create_domain_request__init(request);
    roost__domains__v1__domain__init(domain);
    domain->name = (char *)(uintptr_t)write->name;
    request->domain = domain;
    request->request_id = (char *)(uintptr_t)write->request_id;
}

static const struct error *write_in_tx(struct pg *pg, void *ctx)
{
    struct write *write = ctx;
    struct call *call = write->call;
    const struct error *err;
    struct pg_rows rows;
    Request request;
    Domain domain;

    fill(write, &request, &domain);
    err = request_log_begin(call, write->request_id, &request.base, domain.base.descriptor,
                            &write->replayed);
    if (err || write->replayed) {
        return err;
    }
    err = pg_query(pg, &count_up, NULL, &rows);
    if (err) {
        return err;
    }
    if (write->is_refused) {
        return error_new(call->arena, REASON_OWN_DOMAIN, "No.");
    }
    domain.id = pg_value_int64(&rows, 0, 0);
    return request_log_end(call, write->request_id, &domain.base);
}

static const struct error *do_write(struct write *write)
{
    return pg_transact(write->call->pg, write_in_tx, write);
}

static void assert_changes(const char *expected)
{
    char *text = testing_select("domains", "SELECT count(*) FROM change");

    assert_string_equal(text, expected);
    free(text);
}

static void same_request_is_answered_again(void **state)
{
    struct write write = {.call = *state, .request_id = "one", .name = "a.test"};
    const Domain *domain;

    assert_null(do_write(&write));
    assert_null(write.replayed);
    for (int i = 0; i < 3; i++) {
        assert_null(do_write(&write));
        assert_non_null(write.replayed);
        domain = (const Domain *)write.replayed;
        assert_string_equal(domain->name, "a.test");
        assert_int_equal(domain->id, 1);
    }
    assert_changes("1");
}

static void empty_request_id_switches_it_off(void **state)
{
    struct write write = {.call = *state, .request_id = "", .name = "a.test"};

    assert_null(do_write(&write));
    assert_null(do_write(&write));
    assert_null(write.replayed);
    assert_changes("2");
}

static void other_request_with_the_key_is_refused(void **state)
{
    struct write write = {.call = *state, .request_id = "one", .name = "a.test"};
    const struct error *err;

    assert_null(do_write(&write));
    write.name = "b.test";
    err = do_write(&write);
    assert_true(error_is(err, REASON_REQUEST_ID_REUSED));
    assert_string_equal(err->fields[0].field, "request_id");
    assert_changes("1");
}

static void key_belongs_to_caller_and_method(void **state)
{
    struct call *call = *state;
    struct write write = {.call = call, .request_id = "one", .name = "a.test"};
    Roost__Common__V1__Identity other = *call->identity;

    assert_null(do_write(&write));
    other.account_id = 2;
    call->identity = &other;
    write.name = "b.test";
    assert_null(do_write(&write));
    assert_null(write.replayed);
    call->method = "test/other";
    assert_null(do_write(&write));
    assert_null(write.replayed);
    assert_changes("3");
}

static void refused_write_frees_the_key(void **state)
{
    struct write write = {
        .call = *state, .request_id = "one", .name = "a.test", .is_refused = true};

    assert_true(error_is(do_write(&write), REASON_OWN_DOMAIN));
    write.name = "b.test";
    write.is_refused = false;
    assert_null(do_write(&write));
    assert_null(write.replayed);
    assert_changes("1");
}

static void long_request_id_is_refused(void **state)
{
    static const char longest[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    struct write write = {.call = *state, .request_id = longest, .name = "a.test"};

    assert_null(do_write(&write));
    write.request_id = "01234567890123456789012345678901234567890123456789012345678901234";
    assert_true(error_is(do_write(&write), REASON_FIELD_TOO_LONG));
}

/* Begun in one transaction, not ended in it. */
static const struct error *begin_only(struct pg *pg, void *ctx)
{
    struct write *write = ctx;
    Request request;
    Domain domain;

    (void)pg;
    fill(write, &request, &domain);
    return request_log_begin(write->call, write->request_id, &request.base, domain.base.descriptor,
                             &write->replayed);
}

static const struct error *forget(struct pg *pg, void *ctx)
{
    struct write *write = ctx;

    (void)pg;
    return request_log_forget(write->call, write->request_id);
}

static void open_request_is_in_progress_for_a_minute(void **state)
{
    struct call *call = *state;
    struct write write = {.call = call, .request_id = "one", .name = "a.test"};
    const struct error *err;

    assert_null(pg_transact(call->pg, begin_only, &write));
    err = do_write(&write);
    assert_true(error_is(err, REASON_REQUEST_IN_PROGRESS));
    assert_true(err->retry_after_ms > 0);
    testing_execute("domains",
                    "UPDATE request_log SET created_at = created_at - interval '61 seconds'");
    assert_null(do_write(&write));
    assert_null(write.replayed);
    assert_changes("1");
}

static void forgotten_request_may_start_again(void **state)
{
    struct call *call = *state;
    struct write write = {.call = call, .request_id = "one", .name = "a.test"};

    assert_null(pg_transact(call->pg, begin_only, &write));
    assert_null(pg_transact(call->pg, forget, &write));
    assert_null(do_write(&write));
    assert_changes("1");
}

static const struct error *end_only(struct pg *pg, void *ctx)
{
    struct write *write = ctx;
    Request request;
    Domain domain;

    (void)pg;
    fill(write, &request, &domain);
    return request_log_end(write->call, write->request_id, &domain.base);
}

static void end_without_begin_is_internal(void **state)
{
    struct call *call = *state;
    struct write write = {.call = call, .request_id = "one", .name = "a.test"};

    assert_true(error_is(pg_transact(call->pg, end_only, &write), REASON_INTERNAL));
}

struct racer {
    pthread_t thread;
    pthread_barrier_t *barrier;
    struct write write;
    const struct error *err;
};

static void *race(void *ctx)
{
    struct racer *racer = ctx;

    pthread_barrier_wait(racer->barrier);
    racer->err = do_write(&racer->write);
    return NULL;
}

/* Several at once: one is carried out, the others wait for it and answer the same. Where it is
 * refused, the next goes ahead. */
static void parallel_requests_execute_once(void **state)
{
    enum { N = 6 };
    struct racer racers[N];
    pthread_barrier_t barrier;
    int n_carried_out = 0;

    (void)state;
    for (int n_refused = 0; n_refused < 2; n_refused++) {
        testing_truncate("domains");
        n_carried_out = 0;
        pthread_barrier_init(&barrier, NULL, N);
        for (int i = 0; i < N; i++) {
            racers[i] = (struct racer){
                .barrier = &barrier,
                .write = {.call = testing_call_new("domains"),
                          .request_id = "same",
                          .name = "a.test"},
            };
            racers[i].write.is_refused = i < n_refused;
            assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
        }
        for (int i = 0; i < N; i++) {
            pthread_join(racers[i].thread, NULL);
        }
        for (int i = 0; i < N; i++) {
            if (racers[i].err) {
                assert_true(error_is(racers[i].err, REASON_OWN_DOMAIN));
                assert_true(racers[i].write.is_refused);
            } else if (!racers[i].write.replayed) {
                n_carried_out++;
            } else {
                assert_string_equal(((Domain *)racers[i].write.replayed)->name, "a.test");
            }
            testing_call_free(racers[i].write.call);
        }
        assert_int_equal(n_carried_out, 1);
        assert_changes("1");
        pthread_barrier_destroy(&barrier);
    }
}

static void expire_keeps_a_day(void **state)
{
    struct call *call = *state;
    char *left;

    testing_execute(
        "domains",
        "INSERT INTO request_log (account_id, method, request_id, request_hash, created_at) "
        "SELECT 1, 'm', n::text, '', now() - interval '25 hours' "
        "FROM generate_series(1, 2500) n;"
        "INSERT INTO request_log (account_id, method, request_id, request_hash, created_at) "
        "VALUES (1, 'm', 'young', '', now() - interval '23 hours')");
    assert_null(request_log_expire(call));
    left = testing_select("domains", "SELECT string_agg(request_id, ' ') FROM request_log");
    assert_string_equal(left, "young");
    free(left);
}

static int set_up_group(void **state)
{
    (void)state;
    testing_migrate("domains", NULL, 0);
    testing_execute("domains",
                    "CREATE TABLE change (id bigint GENERATED ALWAYS AS IDENTITY, name text);"
                    "GRANT ALL ON change TO roost_domains");
    return 0;
}

static int set_up(void **state)
{
    testing_truncate("domains");
    *state = testing_call_new("domains");
    return 0;
}

static int tear_down(void **state)
{
    testing_call_free(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(same_request_is_answered_again),
        TEST(empty_request_id_switches_it_off),
        TEST(other_request_with_the_key_is_refused),
        TEST(key_belongs_to_caller_and_method),
        TEST(refused_write_frees_the_key),
        TEST(long_request_id_is_refused),
        TEST(open_request_is_in_progress_for_a_minute),
        TEST(forgotten_request_may_start_again),
        TEST(end_without_begin_is_internal),
        TEST(parallel_requests_execute_once),
        TEST(expire_keeps_a_day),
    };

    return cmocka_run_group_tests(tests, set_up_group, NULL);
}
