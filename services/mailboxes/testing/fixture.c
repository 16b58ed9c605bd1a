#include "services/mailboxes/testing/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/roost/domains/v1/domains_internal.pb-c.h"
#include "proto/roost/mailboxes/v1/mailboxes.rpc.h"
#include "services/common/message/message.h"
#include "services/mailboxes/alias_delete.h"
#include "services/mailboxes/sql/migrations.h"
#include "services/mailboxes/testing/fake_siblings.h"

static struct fixture fixture;
static struct call *finisher;

static Roost__Domains__V1__ResolvedDomain *resolved(struct call *call, int64_t id, const char *name,
                                                    const char *asked_name)
{
    Roost__Domains__V1__ResolvedDomain *domain =
        message_new(call->arena, &roost__domains__v1__resolved_domain__descriptor);
    domain->id = id;
    domain->name = (char *)name;
    domain->asked_name = (char *)asked_name;
    domain->enabled = true;
    domain->type = id == 3 ? "relaydomain" : "domain";
    domain->is_alias = strcmp(name, asked_name) != 0;
    return domain;
}

static const struct error *resolve_domains(struct call *call, const ProtobufCMessage *request,
                                           ProtobufCMessage **ret_response)
{
    const Roost__Domains__V1__ResolveDomainsRequest *req =
        (const Roost__Domains__V1__ResolveDomainsRequest *)request;
    Roost__Domains__V1__ResolveDomainsResponse *resp =
        message_new(call->arena, &roost__domains__v1__resolve_domains_response__descriptor);
    resp->domains = arena_alloc(call->arena, (req->n_names + 1) * sizeof *resp->domains);
    const struct {
        const char *asked;
        int64_t id;
        const char *name;
    } known[] = {
        {fixture.domain_name, 1, fixture.domain_name},
        {"other.test", 2, "other.test"},
        {"relay.test", 3, "relay.test"},
        {"alias.test", 1, fixture.domain_name},
    };
    for (size_t i = 0; i < req->n_names; i++) {
        for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
            if (strcmp(req->names[i], known[k].asked) == 0) {
                resp->domains[resp->n_domains++] =
                    resolved(call, known[k].id, known[k].name, req->names[i]);
            }
        }
    }
    *ret_response = &resp->base;
    return NULL;
}

static const struct rpc_method domains_methods[] = {{
    .path = "/roost.domains.v1.DomainsInternal/ResolveDomains",
    .request = &roost__domains__v1__resolve_domains_request__descriptor,
    .response = &roost__domains__v1__resolve_domains_response__descriptor,
    .access = {.internal = true},
    .handler = resolve_domains,
}};
static const struct rpc_service fake_domains = {"roost.domains.v1.DomainsInternal", true,
                                                domains_methods, 1};

int fixture_open(void **state)
{
    static const struct rpc_service *const services[] = {
        &mailboxes_rpc, &mailboxes_internal_rpc, &fake_domains, &fake_accounts, &fake_quotas, NULL};
    testing_migrate("mailboxes", mailboxes_migrations, mailboxes_n_migrations);
    saga_register(&alias_saga_remove, 1);
    fixture.rpc = testing_rpc_open(&(struct testing_rpc_config){
        .services = services, .schema = "mailboxes", .service = &fixture.config});
    *state = &fixture;
    return 0;
}

int fixture_close(void **state)
{
    (void)state;
    testing_call_free(finisher);
    testing_rpc_close(fixture.rpc);
    return 0;
}

int fixture_reset(void **state)
{
    (void)state;
    testing_truncate("mailboxes");
    fake_accounts_are((const char *const[]){NULL});
    testing_call_free(finisher);
    finisher = testing_call_new("mailboxes");
    finisher->service = &fixture.config;
    fixture.domain_name = "example.test";
    fixture.config = (struct mailboxes_config){
        .layout = MAILBOX_LAYOUT_ID,
        .operation_attempts = 3,
        .operation_pause_ms = 1,
        .operation_pause_max_ms = 1,
        .rename_limit_s = 1800,
        .former_address_s = 432000,
        .operation_keep_days = 30,
    };
    return 0;
}

int fixture_reset_by_address(void **state)
{
    fixture_reset(state);
    fixture.config.layout = MAILBOX_LAYOUT_ADDRESS;
    return 0;
}

struct call *fixture_call(struct fixture *f)
{
    return testing_rpc_call(f->rpc);
}

void finish_sagas(void)
{
    testing_execute("mailboxes", "UPDATE saga SET due_at = 'epoch', claimed_until = NULL");
    testing_call_next(finisher);
    assert_good(saga_finish_due(finisher));
}

void assert_good(const struct error *err)
{
    if (err) {
        fail_msg("%s: %s (%s)", err->reason, err->detail, err->cause ? err->cause : "");
    }
}

void assert_reason(const struct error *err, const char *reason)
{
    if (!err) {
        fail_msg("no error instead of %s", reason);
        return;
    }
    assert_string_equal(err->reason, reason);
}

void assert_sql(const char *sql, const char *wanted)
{
    char *given = testing_select("mailboxes", sql);
    if (strcmp(given, wanted) != 0) {
        fail_msg("%s\n'%s' instead of '%s'", sql, given, wanted);
    }
    free(given);
}

const struct error *reserve(struct fixture *f, int64_t account_id, const char *local_part,
                            Roost__Mailboxes__V1__Mailbox **ret_mailbox)
{
    Roost__Mailboxes__V1__ReserveMailboxRequest req =
        ROOST__MAILBOXES__V1__RESERVE_MAILBOX_REQUEST__INIT;
    req.account_id = account_id;
    req.domain_id = 1;
    req.local_part = (char *)local_part;
    req.domain_name = (char *)f->domain_name;
    return mailboxes_internal_client_reserve_mailbox(fixture_call(f), &req, ret_mailbox);
}

Roost__Mailboxes__V1__Mailbox *make_mailbox(struct fixture *f, int64_t account_id,
                                            const char *local_part)
{
    Roost__Mailboxes__V1__Mailbox *mailbox;
    Roost__Mailboxes__V1__ConfirmMailboxRequest req =
        ROOST__MAILBOXES__V1__CONFIRM_MAILBOX_REQUEST__INIT;
    req.account_id = account_id;
    assert_good(reserve(f, account_id, local_part, &mailbox));
    assert_good(mailboxes_internal_client_confirm_mailbox(fixture_call(f), &req, &mailbox));
    return mailbox;
}

const struct error *rename_mailbox(struct fixture *f, int64_t account_id, const char *local_part)
{
    Roost__Mailboxes__V1__Mailbox *mailbox;
    Roost__Mailboxes__V1__RenameMailboxRequest req =
        ROOST__MAILBOXES__V1__RENAME_MAILBOX_REQUEST__INIT;
    req.account_id = account_id;
    req.domain_id = 1;
    req.local_part = (char *)local_part;
    req.domain_name = (char *)f->domain_name;
    return mailboxes_internal_client_rename_mailbox(fixture_call(f), &req, &mailbox);
}

int64_t delete_mailbox(struct fixture *f, int64_t account_id, bool keep_directory)
{
    Roost__Mailboxes__V1__DeleteMailboxResponse *resp;
    Roost__Mailboxes__V1__DeleteMailboxRequest req =
        ROOST__MAILBOXES__V1__DELETE_MAILBOX_REQUEST__INIT;
    req.account_id = account_id;
    req.keep_directory = keep_directory;
    assert_good(mailboxes_internal_client_delete_mailbox(fixture_call(f), &req, &resp));
    return resp->mailbox_id;
}

const struct error *create_alias(struct fixture *f, const char *address, const char *recipients,
                                 Roost__Mailboxes__V1__Alias **ret_alias)
{
    struct call *call = fixture_call(f);
    Roost__Mailboxes__V1__CreateAliasRequest req = ROOST__MAILBOXES__V1__CREATE_ALIAS_REQUEST__INIT;
    req.alias = message_new(call->arena, &roost__mailboxes__v1__alias__descriptor);
    req.alias->address = (char *)address;
    req.alias->recipients = arena_alloc(call->arena, (strlen(recipients) + 1) * sizeof(char *));
    while (*recipients) {
        size_t len = strcspn(recipients, " ");
        req.alias->recipients[req.alias->n_recipients++] =
            arena_strndup(call->arena, recipients, len);
        recipients += len + (recipients[len] == ' ');
    }
    return mailboxes_client_create_alias(call, &req, ret_alias);
}

Roost__Mailboxes__V1__Alias *make_alias(struct fixture *f, const char *address,
                                        const char *recipients)
{
    Roost__Mailboxes__V1__Alias *alias;
    assert_good(create_alias(f, address, recipients, &alias));
    return alias;
}

const char *recipients_of(struct fixture *f, int64_t id)
{
    struct call *call = fixture_call(f);
    Roost__Mailboxes__V1__Alias *alias;
    Roost__Mailboxes__V1__GetAliasRequest req = ROOST__MAILBOXES__V1__GET_ALIAS_REQUEST__INIT;
    req.id = id;
    const struct error *err = mailboxes_client_get_alias(call, &req, &alias);
    if (error_is(err, REASON_ALIAS_NOT_FOUND)) {
        return "(gone)";
    }
    assert_good(err);
    const char *text = "";
    for (size_t i = 0; i < alias->n_recipients; i++) {
        text = arena_printf(call->arena, "%s%s%s", text, i ? " " : "", alias->recipients[i]);
    }
    return text;
}

size_t claim_as(struct fixture *f, const char *agent,
                Roost__Mailboxes__V1__MailboxOperation ***ret_operations)
{
    Roost__Mailboxes__V1__ClaimOperationsResponse *resp;
    Roost__Mailboxes__V1__ClaimOperationsRequest req =
        ROOST__MAILBOXES__V1__CLAIM_OPERATIONS_REQUEST__INIT;
    req.agent = (char *)agent;
    req.limit = 10;
    req.lease_seconds = 60;
    assert_good(mailboxes_internal_client_claim_operations(fixture_call(f), &req, &resp));
    *ret_operations = resp->operations;
    return resp->n_operations;
}

size_t claim(struct fixture *f, Roost__Mailboxes__V1__MailboxOperation ***ret_operations)
{
    return claim_as(f, "test", ret_operations);
}

void finish(struct fixture *f, int64_t operation_id, const char *error, bool permanent)
{
    Google__Protobuf__Empty *empty;
    Roost__Mailboxes__V1__FinishOperationRequest req =
        ROOST__MAILBOXES__V1__FINISH_OPERATION_REQUEST__INIT;
    req.operation_id = operation_id;
    req.agent = "test";
    req.error = (char *)error;
    req.permanent = permanent;
    assert_good(mailboxes_internal_client_finish_operation(fixture_call(f), &req, &empty));
}
