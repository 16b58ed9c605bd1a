/* Rounds of the agent against a queue that the test fills. */
#include "services/mailbox_agent/agent.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/roost/mailboxes/v1/mailboxes_internal.pb-c.h"
#include "services/common/message/message.h"
#include "services/common/testing/testing_rpc.h"
#include "services/mailbox_agent/doveadm.h"

static struct {
    Roost__Mailboxes__V1__MailboxOperation operation; /* what the queue holds */
    bool is_there;
    bool is_out_of_order;
    char outcome[256]; /* what was reported: "id/agent/permanent/error" */
    int n_claims;
    Roost__Mailboxes__V1__SessionEnd *end; /* NULL: none */
    int end_limit;                         /* that was asked for */
} queue;

static const struct error *claim(struct call *call, const ProtobufCMessage *request,
                                 ProtobufCMessage **ret_response)
{
    const Roost__Mailboxes__V1__ClaimOperationsRequest *req =
        (const Roost__Mailboxes__V1__ClaimOperationsRequest *)request;
    Roost__Mailboxes__V1__ClaimOperationsResponse *resp =
        message_new(call->arena, &roost__mailboxes__v1__claim_operations_response__descriptor);
    queue.n_claims++;
    if (queue.is_out_of_order) {
        return error_new(call->arena, REASON_DATABASE_UNAVAILABLE, "The queue is out of order.");
    }
    queue.end_limit = req->session_end_limit;
    if (queue.end && req->n_ended_session_ids > 0) {
        assert_int_equal(req->n_ended_session_ids, 1);
        assert_int_equal(req->ended_session_ids[0], queue.end->id);
        queue.end = NULL;
    }
    if (queue.end && req->session_end_limit > 0) {
        resp->session_ends = arena_memdup(call->arena, &queue.end, sizeof queue.end);
        resp->n_session_ends = 1;
    }
    if (queue.is_there) {
        resp->operations = arena_alloc(call->arena, sizeof *resp->operations);
        resp->operations[resp->n_operations++] = &queue.operation;
        queue.is_there = false;
    }
    *ret_response = &resp->base;
    return NULL;
}

static const struct error *finish(struct call *call, const ProtobufCMessage *request,
                                  ProtobufCMessage **ret_response)
{
    const Roost__Mailboxes__V1__FinishOperationRequest *req =
        (const Roost__Mailboxes__V1__FinishOperationRequest *)request;
    snprintf(queue.outcome, sizeof queue.outcome, "%d/%s/%d/%s", (int)req->operation_id, req->agent,
             req->permanent, req->error);
    *ret_response = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}

static const struct rpc_method methods[] = {
    {.path = "/roost.mailboxes.v1.MailboxesInternal/ClaimOperations",
     .request = &roost__mailboxes__v1__claim_operations_request__descriptor,
     .response = &roost__mailboxes__v1__claim_operations_response__descriptor,
     .access = {.internal = true},
     .handler = claim},
    {.path = "/roost.mailboxes.v1.MailboxesInternal/FinishOperation",
     .request = &roost__mailboxes__v1__finish_operation_request__descriptor,
     .response = &google__protobuf__empty__descriptor,
     .access = {.internal = true},
     .handler = finish},
};
static const struct rpc_service fake_mailboxes = {"roost.mailboxes.v1.MailboxesInternal", true,
                                                  methods, 2};

struct fixture {
    struct testing_rpc *rpc;
    struct arena *arena;
    struct agent_config config;
    struct agent agent;
    char directory[64];
};

static int setup(void **state)
{
    static struct fixture fixture;
    static atomic_bool is_stopping;
    static const struct rpc_service *const services[] = {&fake_mailboxes, NULL};
    fixture.rpc = testing_rpc_open(&(struct testing_rpc_config){.services = services});
    fixture.arena = arena_new(4096);
    fixture.config = (struct agent_config){.doveadm = "", .lease_s = 5};
    snprintf(fixture.directory, sizeof fixture.directory, "/tmp/agent_test.XXXXXX");
    assert_non_null(mkdtemp(fixture.directory));
    fixture.agent =
        (struct agent){.config = &fixture.config,
                       .name = "tester",
                       .is_stopping = &is_stopping,
                       .root = open(fixture.directory, O_RDONLY | O_DIRECTORY),
                       .peers = (struct rpc_peers *)testing_rpc_call(fixture.rpc)->peers};
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    testing_rpc_close(fixture->rpc);
    arena_free(fixture->arena);
    unlinkat(fixture->agent.root, ".roost-trash", AT_REMOVEDIR);
    close(fixture->agent.root);
    return rmdir(fixture->directory);
}

static void run_one(struct fixture *fixture, const char *type, const char *argument,
                    const char *destination)
{
    bool worked;
    Roost__Mailboxes__V1__MailboxOperation operation =
        ROOST__MAILBOXES__V1__MAILBOX_OPERATION__INIT;
    operation.id = 7;
    operation.type = (char *)type;
    operation.argument = (char *)argument;
    operation.destination = (char *)destination;
    operation.full_address = "bob@a.test";
    queue.operation = operation;
    queue.is_there = true;
    queue.outcome[0] = '\0';
    arena_reset(fixture->arena);
    assert_null(agent_round(&fixture->agent, fixture->arena, &worked));
    assert_true(worked);
}

static bool is_there(struct fixture *fixture, const char *path)
{
    struct stat entry;
    return fstatat(fixture->agent.root, path, &entry, AT_SYMLINK_NOFOLLOW) == 0;
}

static void carries_out_and_reports(void **state)
{
    struct fixture *fixture = *state;
    mkdirat(fixture->agent.root, "a.test", 0700);
    mkdirat(fixture->agent.root, "a.test/bob", 0700);
    run_one(fixture, "rename", "a.test/bob", "b.test/robert");
    assert_string_equal(queue.outcome, "7/tester/0/");
    assert_true(is_there(fixture, "b.test/robert"));
    assert_false(is_there(fixture, "a.test"));
    run_one(fixture, "delete", "b.test/robert", "");
    assert_string_equal(queue.outcome, "7/tester/0/");
    assert_false(is_there(fixture, "b.test"));
}

static void refuses_for_good(void **state)
{
    struct fixture *fixture = *state;
    run_one(fixture, "delete", "../../etc", "");
    assert_string_equal(queue.outcome, "7/tester/1/the path has an empty or hidden part");
    run_one(fixture, "rename", "a.test/bob", "/etc/bob");
    assert_string_equal(queue.outcome, "7/tester/1/the path has an empty or hidden part");
    run_one(fixture, "chown", "a.test/bob", "");
    assert_string_equal(queue.outcome, "7/tester/1/this agent does not know such operations");
}

static void hangs_on_no_doveadm(void **state)
{
    struct fixture *fixture = *state;
    fixture->config.doveadm = "/nonexistent/doveadm -c x";
    run_one(fixture, "delete", "a.test/bob", "");
    assert_string_equal(queue.outcome, "7/tester/0/");
    fixture->config.doveadm = "/bin/false";
    run_one(fixture, "delete", "a.test/bob", "");
    assert_string_equal(queue.outcome, "7/tester/0/");
    fixture->config.doveadm = "";
}

static void kicks_who_is_logged_in(void **state)
{
    (void)state;
    static const char who[] = "ann@a.test imap 1 (127.0.0.1)\nbob@a.test imap 2 (::1)\n";
    assert_true(doveadm_is_listed(who, "bob@a.test"));
    assert_true(doveadm_is_listed(who, "ann@a.test"));
    assert_false(doveadm_is_listed(who, "bob@a.tes"));
    assert_false(doveadm_is_listed(who, "imap"));
    assert_false(doveadm_is_listed("", "bob@a.test"));
    assert_true(doveadm_is_listed(who, "@a.test"));
    assert_false(doveadm_is_listed(who, "@test"));
    assert_false(doveadm_is_listed(who, "@a.tes"));
    assert_false(doveadm_is_listed(who, "b@a.test"));
}

static void reads_what_doveadm_says(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(doveadm_who(fixture->arena, "/bin/echo bob@a.test imap"),
                        "bob@a.test imap who -1\n");
    assert_string_equal(doveadm_who(fixture->arena, "/bin/true"), "");
    assert_null(doveadm_who(fixture->arena, "/bin/false"));
    assert_null(doveadm_who(fixture->arena, "/nonexistent/doveadm"));
    assert_null(doveadm_who(fixture->arena, ""));
}

/* A doveadm that knows of one session of bob's, writes down whom it kicks, and ends as `kick` says.
 */
static void make_doveadm(struct fixture *fixture, int kick)
{
    char path[128];
    static char command[160];
    snprintf(path, sizeof path, "%s/doveadm", fixture->directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "#!/bin/sh\ncase $1 in\nwho) echo 'bob@a.test 1 imap (12) (::1)';;\n"
            "kick) printf '%%s\\n' \"$2\" >>%s/kicked; exit %d;;\nesac\n",
            fixture->directory, kick);
    assert_int_equal(fclose(file), 0);
    snprintf(command, sizeof command, "/bin/sh %s", path);
    fixture->config.doveadm = command;
}

static void run_round(struct fixture *fixture)
{
    bool worked;
    arena_reset(fixture->arena);
    fixture->agent.next_end_us = 0;
    assert_null(agent_round(&fixture->agent, fixture->arena, &worked));
}

static void assert_kicked(struct fixture *fixture, const char *wanted)
{
    char text[256] = "";
    int fd = openat(fixture->agent.root, "kicked", O_RDONLY);
    if (fd >= 0) {
        assert_true(read(fd, text, sizeof text - 1) >= 0);
        close(fd);
    }
    assert_string_equal(text, wanted);
    unlinkat(fixture->agent.root, "kicked", 0);
}

/* Twice: a login that was under way the first time is a session the second time. */
static void ends_sessions_and_says_so(void **state)
{
    struct fixture *fixture = *state;
    Roost__Mailboxes__V1__SessionEnd end = ROOST__MAILBOXES__V1__SESSION_END__INIT;
    static const int codes[] = {0, 68};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        make_doveadm(fixture, codes[i]);
        end.id = 5;
        end.address = (char *)"bob@a.test";
        queue.end = &end;
        run_round(fixture);
        assert_kicked(fixture, "bob@a.test\nbob@a.test\n");
        assert_non_null(queue.end);
        run_round(fixture);
        assert_null(queue.end);
        assert_kicked(fixture, "");
    }
    end.address = (char *)"ann@a.test"; /* who is not logged in */
    queue.end = &end;
    run_round(fixture);
    run_round(fixture);
    assert_null(queue.end);
    assert_kicked(fixture, "");
    unlinkat(fixture->agent.root, "doveadm", 0);
    fixture->config.doveadm = "";
}

static void kicks_everybody_in_a_domain(void **state)
{
    struct fixture *fixture = *state;
    Roost__Mailboxes__V1__SessionEnd end = ROOST__MAILBOXES__V1__SESSION_END__INIT;
    make_doveadm(fixture, 0);
    end.id = 5;
    end.address = (char *)"@a.test";
    queue.end = &end;
    run_round(fixture);
    run_round(fixture);
    assert_null(queue.end);
    assert_kicked(fixture, "*@a.test\n*@a.test\n");
    unlinkat(fixture->agent.root, "doveadm", 0);
    fixture->config.doveadm = "";
}

static void tries_again_where_doveadm_fails(void **state)
{
    struct fixture *fixture = *state;
    Roost__Mailboxes__V1__SessionEnd end = ROOST__MAILBOXES__V1__SESSION_END__INIT;
    bool worked;
    end.id = 6;
    end.address = (char *)"bob@a.test";
    queue.end = &end;
    fixture->config.doveadm = "/bin/false";
    run_round(fixture);
    make_doveadm(fixture, 1);
    run_round(fixture);
    assert_kicked(fixture, "bob@a.test\n");
    /* After a pause. */
    assert_null(agent_round(&fixture->agent, fixture->arena, &worked));
    assert_false(worked);
    assert_int_equal(queue.end_limit, 0);
    assert_kicked(fixture, "");
    make_doveadm(fixture, 0);
    run_round(fixture);
    run_round(fixture);
    assert_null(queue.end);
    assert_kicked(fixture, "bob@a.test\nbob@a.test\n");
    unlinkat(fixture->agent.root, "doveadm", 0);
    /* Who has no doveadm leaves it to others. */
    fixture->config.doveadm = "";
    run_round(fixture);
    assert_int_equal(queue.end_limit, 0);
}

static void waits_for_the_queue(void **state)
{
    struct fixture *fixture = *state;
    bool worked = false;
    queue.is_out_of_order = true;
    const struct error *err = agent_round(&fixture->agent, fixture->arena, &worked);
    assert_true(error_is(err, REASON_DATABASE_UNAVAILABLE));
    queue.is_out_of_order = false;
    assert_null(agent_round(&fixture->agent, fixture->arena, &worked));
    assert_false(worked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_out_and_reports),
        cmocka_unit_test(refuses_for_good),
        cmocka_unit_test(hangs_on_no_doveadm),
        cmocka_unit_test(kicks_who_is_logged_in),
        cmocka_unit_test(reads_what_doveadm_says),
        cmocka_unit_test(waits_for_the_queue),
        cmocka_unit_test(ends_sessions_and_says_so),
        cmocka_unit_test(kicks_everybody_in_a_domain),
        cmocka_unit_test(tries_again_where_doveadm_fails),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
