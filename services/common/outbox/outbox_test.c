#include "services/common/outbox/outbox.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/roost/domains/v1/domains.pb-c.h"
#include "services/common/clock/clock.h"
#include "services/common/log/log.h"
#include "services/common/outbox/relay.h"
#include "services/common/redis/redis.h"
#include "services/common/testing/testing.h"

typedef Roost__Domains__V1__Domain Domain;

/* What a handler's transaction does: it appends events for one object. */
struct plan {
    struct call *call;
    int64_t object_id;
    int n_events;
    bool is_refused;
};

static const struct error *append_in_tx(struct pg *pg, void *ctx)
{
    const struct plan *plan = ctx;

    for (int i = 0; i < plan->n_events; i++) {
        Domain domain = ROOST__DOMAINS__V1__DOMAIN__INIT;
        const struct error *err;

        domain.id = plan->object_id;
        domain.name = arena_printf(plan->call->arena, "\"n%d\"\n.test", i);
        err = outbox_append(plan->call, &(struct outbox_event){.type = "DomainModified",
                                                               .object_type = "domain",
                                                               .object_id = plan->object_id,
                                                               .after = &domain.base});
        if (err) {
            return err;
        }
    }
    return plan->is_refused ? error_new(pg_arena(pg), REASON_OWN_DOMAIN, "No.") : NULL;
}

static void append(struct call *call, int64_t object_id, int n_events)
{
    struct plan plan = {.call = call, .object_id = object_id, .n_events = n_events};

    assert_null(pg_transact(call->pg, append_in_tx, &plan));
}

static void assert_selected(const char *sql, const char *expected)
{
    char *text = testing_select("domains", sql);

    assert_string_equal(text, expected);
    free(text);
}

/* The relay's call, of the service `domains`. */
static struct call *relay_call(void)
{
    static Roost__Common__V1__Identity identity = ROOST__COMMON__V1__IDENTITY__INIT;
    struct call *call = testing_call_new("domains");

    identity.service = (char *)(uintptr_t) "domains";
    call->identity = &identity;
    testing_call_use_redis(call);
    return call;
}

static bool is_all_published(void)
{
    char *left =
        testing_select("domains", "SELECT count(*) FROM outbox WHERE published_at IS NULL");
    bool is_all = strcmp(left, "0") == 0;

    free(left);
    return is_all;
}

/* Rounds until everything is published: one sets the marker, one may take back, each publishes a
 * batch. */
static void relay_all(struct call *call)
{
    for (int i = 0; i < 10 && !is_all_published(); i++) {
        assert_null(outbox_relay_run(call));
        testing_call_next(call);
    }
    assert_true(is_all_published());
}

static struct redis_reply read_stream(struct call *call)
{
    struct redis_reply reply;

    assert_null(REDIS_COMMAND(call->redis, &reply, "XRANGE", "roost:events", "-", "+"));
    assert_int_equal(reply.kind, REDIS_ARRAY);
    return reply;
}

/* The text of entry i: [id, [field, value]]. */
static const char *event_text(const struct redis_reply *stream, size_t i)
{
    const struct redis_reply *fields;

    assert_true(i < stream->n_items);
    fields = &stream->items[i].items[1];
    assert_int_equal(fields->n_items, 2);
    assert_string_equal(fields->items[0].text, "event");
    return fields->items[1].text;
}

/* One value of an event, by PostgreSQL's own JSON reader. */
static void assert_event(const char *event, const char *path, const char *expected)
{
    char *sql = NULL;

    assert_true(
        asprintf(&sql, "SELECT coalesce($json$%s$json$::json #>> '%s', 'null')", event, path) > 0);
    assert_selected(sql, expected);
    free(sql);
}

static void append_takes_actor_and_request(void **state)
{
    struct call *call = *state;
    struct plan plan = {.call = call, .object_id = 7, .n_events = 1, .is_refused = true};

    assert_true(error_is(pg_transact(call->pg, append_in_tx, &plan), REASON_OWN_DOMAIN));
    assert_selected("SELECT count(*) FROM outbox", "0");
    append(call, 7, 1);
    assert_selected("SELECT concat_ws(' ', event_type, object_type, object_id, actor_account_id, "
                    "actor, request_id, "
                    "before IS NULL, after->>'pk', published_at IS NULL) FROM outbox",
                    "DomainModified domain 7 1 admin test-trace t 7 t");
}

static void event_is_a_cloud_event(void **state)
{
    struct call *call = relay_call();
    struct redis_reply stream;
    const char *event;

    append(*state, 7, 1);
    testing_execute("domains", "UPDATE outbox SET created_at = '2026-01-31 13:00:00.000001+01'");
    relay_all(call);
    stream = read_stream(call);
    assert_int_equal(stream.n_items, 1);
    event = event_text(&stream, 0);
    assert_event(event, "{specversion}", "1.0");
    assert_event(event, "{source}", "/roost/domains");
    assert_event(event, "{type}", "roost.DomainModified.v1");
    assert_event(event, "{subject}", "domain/7");
    assert_event(event, "{time}", "2026-01-31T12:00:00.000001Z");
    assert_event(event, "{datacontenttype}", "application/json");
    assert_event(event, "{roostactor}", "admin");
    assert_event(event, "{roostrequestid}", "test-trace");
    assert_event(event, "{data,before}", "null");
    assert_event(event, "{data,after,name}", "\"n0\"\n.test");
    assert_event(event, "{id}", "domains-1");
    testing_call_free(call);
}

static void assert_ids_in_order(const struct redis_reply *stream, size_t from, int64_t first_id,
                                size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char expected[64];

        snprintf(expected, sizeof(expected), "\"domains-%lld\"",
                 (long long)(first_id + (int64_t)i));
        if (!strstr(event_text(stream, from + i), expected)) {
            fail_msg("entry %zu is not %s: %s", from + i, expected, event_text(stream, from + i));
        }
    }
}

static void batches_keep_the_order(void **state)
{
    struct call *call = relay_call();
    struct redis_reply stream;

    append(*state, 1, 1203);
    relay_all(call);
    stream = read_stream(call);
    assert_int_equal(stream.n_items, 1203);
    assert_ids_in_order(&stream, 0, 1, 1203);
    assert_selected("SELECT count(DISTINCT published_batch) FROM outbox", "3");
    /* Nothing twice. */
    assert_null(outbox_relay_run(call));
    stream = read_stream(call);
    assert_int_equal(stream.n_items, 1203);
    testing_call_free(call);
}

static void lost_redis_gets_everything_again(void **state)
{
    struct call *call = relay_call();
    struct redis_reply stream;

    append(*state, 1, 600);
    relay_all(call);
    testing_redis_stop();
    append(*state, 1, 3);
    testing_call_next(call);
    assert_true(error_is(outbox_relay_run(call), REASON_REDIS_UNAVAILABLE));
    testing_redis_start();
    testing_call_next(call);
    relay_all(call);
    stream = read_stream(call);
    assert_int_equal(stream.n_items, 603);
    assert_ids_in_order(&stream, 0, 1, 603);
    testing_call_free(call);
}

/* Without a new event: the relay finds out by itself. */
static void flushed_redis_is_noticed_when_idle(void **state)
{
    struct call *call = relay_call();
    struct redis_reply stream;
    struct redis_reply reply;

    append(*state, 1, 2);
    relay_all(call);
    assert_null(REDIS_COMMAND(call->redis, &reply, "FLUSHALL"));
    assert_null(outbox_relay_run(call));
    testing_call_next(call);
    relay_all(call);
    stream = read_stream(call);
    assert_int_equal(stream.n_items, 2);
    testing_call_free(call);
}

/* Redis came back with an older state: what came after its marker goes out again, not what came
 * before. */
static void older_redis_gets_the_rest_again(void **state)
{
    struct call *call = relay_call();
    struct redis_reply stream;
    struct redis_reply reply;

    append(*state, 1, 2);
    relay_all(call);
    assert_null(REDIS_COMMAND(call->redis, &reply, "COPY", "roost:events", "saved:events"));
    assert_null(REDIS_COMMAND(call->redis, &reply, "COPY", "roost:relay:domains", "saved:marker"));
    append(*state, 1, 3);
    relay_all(call);
    assert_null(REDIS_COMMAND(call->redis, &reply, "RENAME", "saved:events", "roost:events"));
    assert_null(
        REDIS_COMMAND(call->redis, &reply, "RENAME", "saved:marker", "roost:relay:domains"));
    assert_null(outbox_relay_run(call));
    testing_call_next(call);
    relay_all(call);
    stream = read_stream(call);
    assert_int_equal(stream.n_items, 5);
    assert_ids_in_order(&stream, 0, 1, 5);
    testing_call_free(call);
}

static void full_redis_loses_nothing(void **state)
{
    struct call *call = relay_call();
    struct redis_reply stream;
    struct redis_reply reply;

    assert_null(outbox_relay_run(call));
    append(*state, 1, 2);
    assert_null(REDIS_COMMAND(call->redis, &reply, "CONFIG", "SET", "maxmemory", "1"));
    testing_call_next(call);
    assert_non_null(outbox_relay_run(call));
    assert_selected("SELECT count(*) FROM outbox WHERE published_at IS NULL", "2");
    testing_call_next(call);
    assert_null(REDIS_COMMAND(call->redis, &reply, "CONFIG", "SET", "maxmemory", "0"));
    relay_all(call);
    stream = read_stream(call);
    assert_int_equal(stream.n_items, 2);
    testing_call_free(call);
}

/* Another relay is at work: this one leaves it alone. */
static void one_relay_at_a_time(void **state)
{
    struct call *call = relay_call();
    struct call *holder = testing_call_new("domains");

    relay_all(call);
    append(*state, 1, 1);
    assert_null(pg_execute_sql(
        holder->pg,
        "BEGIN; SELECT pg_try_advisory_xact_lock(hashtextextended('roost/relay/domains', 0))"));
    assert_null(outbox_relay_run(call));
    assert_selected("SELECT count(*) FROM outbox WHERE published_at IS NULL", "1");
    assert_null(pg_execute_sql(holder->pg, "COMMIT"));
    relay_all(call);
    testing_call_free(holder);
    testing_call_free(call);
}

struct runner {
    pthread_t thread;
    struct call *call;
    atomic_bool stopping;
};

static void *run_relay(void *ctx)
{
    struct runner *runner = ctx;
    const struct error *err = NULL;

    while (!err && !atomic_load(&runner->stopping)) {
        err = outbox_relay_run(runner->call);
        if (!err) {
            testing_call_next(runner->call);
        }
    }
    return (void *)(uintptr_t)err;
}

static void runner_start(struct runner *runner)
{
    runner->call = relay_call();
    atomic_init(&runner->stopping, false);
    assert_int_equal(pthread_create(&runner->thread, NULL, run_relay, runner), 0);
}

static void runner_stop(struct runner *runner)
{
    void *err;

    atomic_store(&runner->stopping, true);
    pthread_join(runner->thread, &err);
    assert_null(err);
    testing_call_free(runner->call);
}

/* What comes into the stream after the entry *ret_last_id, waited for; moves it on. */
static size_t wait_for_events(struct call *call, const char **last_id)
{
    const struct redis_reply *entries;
    struct redis_reply reply;

    assert_null(REDIS_COMMAND(call->redis, &reply, "XREAD", "BLOCK", "50000", "STREAMS",
                              "roost:events", *last_id));
    assert_int_equal(reply.kind, REDIS_ARRAY);
    entries = &reply.items[0].items[1];
    *last_id = entries->items[entries->n_items - 1].items[0].text;
    return entries->n_items;
}

/* Two replicas' relays, while events are written: all once, in order. */
static void parallel_relays_publish_once(void **state)
{
    struct call *consumer = relay_call();
    struct runner runners[2];
    struct redis_reply stream;
    const char *last_id = "0";

    runner_start(&runners[0]);
    runner_start(&runners[1]);
    for (int i = 0; i < 40; i++) {
        append(*state, 1, 10);
    }
    for (size_t n = 0; n < 400;) {
        n += wait_for_events(consumer, &last_id);
    }
    runner_stop(&runners[0]);
    runner_stop(&runners[1]);
    stream = read_stream(consumer);
    assert_int_equal(stream.n_items, 400);
    assert_ids_in_order(&stream, 0, 1, 400);
    testing_call_free(consumer);
}

/* The relay is idle when the event is written; a consumer waits for it. */
static void event_is_published_soon(void **state)
{
    struct call *consumer = relay_call();
    enum { SOON_US = 200000 };
    struct runner runner;
    const char *last_id = "0";
    int64_t best_us = INT64_MAX;
    int64_t start_us;

    runner_start(&runner);
    append(*state, 1, 1);
    assert_int_equal(wait_for_events(consumer, &last_id), 1);
    /* One must be fast: what the machine does beside it is no fault of the relay's. */
    for (int i = 0; i < 20 && best_us >= SOON_US; i++) {
        start_us = clock_monotonic_us();
        append(*state, 1, 1);
        assert_int_equal(wait_for_events(consumer, &last_id), 1);
        if (clock_monotonic_us() - start_us < best_us) {
            best_us = clock_monotonic_us() - start_us;
        }
    }
    assert_true(best_us < SOON_US);
    runner_stop(&runner);
    testing_call_free(consumer);
}

static void old_rows_go_when_published(void **state)
{
    struct call *call = relay_call();

    append(*state, 1, 4);
    relay_all(call);
    testing_execute("domains",
                    "UPDATE outbox SET published_at = now() - interval '8 days' WHERE id <= 2;"
                    "UPDATE outbox SET published_at = now() - interval '6 days' WHERE id = 3");
    assert_null(outbox_relay_run(call));
    assert_selected("SELECT string_agg(id::text, ' ' ORDER BY id) FROM outbox", "3 4");
    testing_call_free(call);
}

static void dead_database_is_unavailable(void **state)
{
    struct call *call = relay_call();

    (void)state;
    testing_pg_stop();
    assert_true(error_is(outbox_relay_run(call), REASON_DATABASE_UNAVAILABLE));
    testing_pg_start();
    testing_call_next(call);
    relay_all(call);
    testing_call_free(call);
}

static int set_up_group(void **state)
{
    (void)state;
    log_open("test", LOG_ERROR, LOG_LOGFMT);
    testing_migrate("domains", NULL, 0);
    return 0;
}

static int set_up(void **state)
{
    struct call *call = testing_call_new("domains");
    struct redis_reply reply;

    testing_truncate("domains");
    testing_call_use_redis(call);
    assert_null(REDIS_COMMAND(call->redis, &reply, "FLUSHALL"));
    *state = call;
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
        TEST(append_takes_actor_and_request),
        TEST(event_is_a_cloud_event),
        TEST(batches_keep_the_order),
        TEST(lost_redis_gets_everything_again),
        TEST(flushed_redis_is_noticed_when_idle),
        TEST(older_redis_gets_the_rest_again),
        TEST(full_redis_loses_nothing),
        TEST(one_relay_at_a_time),
        TEST(parallel_relays_publish_once),
        TEST(event_is_published_soon),
        TEST(old_rows_go_when_published),
        TEST(dead_database_is_unavailable),
    };

    return cmocka_run_group_tests(tests, set_up_group, NULL);
}
