/* What comes from outside before anybody is authorised: an assertion, the details of an error, the
 * authorization header, a bundle; and serialized descriptors, cut anywhere. The first byte chooses.
 */
#include <string.h>

#include "services/common/fuzz/fuzz.h"
#include "services/common/message/message.h"
#include "services/common/rpc/assertion.h"
#include "services/common/rpc/authenticate.h"
#include "services/common/rpc/bundle.h"
#include "services/common/rpc/descriptor_scan.h"
#include "services/common/rpc/status.h"

static const uint8_t key[] = "0123456789abcdef0123456789abcdef";

static void try_assertion(struct arena *arena, const uint8_t *data, size_t size)
{
    static struct assertion_key *ready;
    const Roost__Common__V1__Identity *identity;
    if (!ready) {
        ready = assertion_key_new(key, sizeof(key) - 1);
    }
    check(assertion_verify(arena, ready, data, size, &identity));
}

/* Whatever it is, it becomes an error that can be shown and packed again. */
static void try_status(struct arena *arena, const uint8_t *data, size_t size)
{
    const struct error *err = status_unpack(arena, ERROR_NOT_FOUND, "text", data, size);
    check(err && err->reason[0] && err->detail && err->retry_after_ms >= 0);
    size_t len;
    uint8_t *packed = status_pack(arena, err, &len);
    const struct error *again = status_unpack(arena, (int)err->code, "text", packed, len);
    check(strcmp(again->reason, err->reason) == 0 && strcmp(again->detail, err->detail) == 0);
}

static const struct error *ask(struct call *call, const char *token,
                               const Roost__Common__V1__Identity **ret_identity)
{
    (void)ret_identity;
    check(*token && strlen(token) <= 256 && !strpbrk(token, " \t\r\n"));
    return error_new(call->arena, REASON_CREDENTIALS_INVALID, "No.");
}

static void try_token(struct arena *arena, const uint8_t *data, size_t size)
{
    struct authenticator *authenticator = authenticator_new(key, sizeof(key) - 1, ask);
    struct call call = {.arena = arena};
    const struct credentials credentials = {.authorization = (const char *)data,
                                            .authorization_len = size};
    check(!authenticate(authenticator, &call, &credentials, false, NULL) == (size == 0));
    check(call.identity->account_id == 0);
    authenticator_free(authenticator);
}

static bool go_on(void *ctx, int32_t number)
{
    (void)ctx;
    (void)number;
    return true;
}

static void try_descriptor(const uint8_t *data, size_t size)
{
    struct scan_bytes file = {data, size};
    scan_file_name(file);
    scan_file_defines(file, "roost.testing.v1.Echo.Open");
    scan_extensions(file, "google.protobuf.FieldOptions", go_on, NULL);
}

static void try_bundle(struct arena *arena, const uint8_t *data, size_t size)
{
    ProtobufCMessage *message = NULL;
    if (message_unpack(arena, &roost__rpc__bundle__descriptor, data, size, &message)) {
        return;
    }
    const Roost__Rpc__Bundle *bundle = (const Roost__Rpc__Bundle *)message;
    bool is_good = !bundle_check(arena, bundle);
    check(!is_good || (bundle->n_calls > 0 && bundle->n_calls <= BUNDLE_MAX_CALLS));
    for (size_t i = 0; i < bundle->n_calls; i++) {
        check(!is_good || bundle->calls[i]->assertion.len > 0);
        check(bundle->calls[i]->method && bundle->calls[i]->request_id);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct arena *arena = arena_new(4096);
    /* A copy of exactly this size, so that reading past the end is seen. */
    const uint8_t *rest = arena_memdup(arena, data + 1, size - 1);
    switch (data[0]) {
    case 'a':
        try_assertion(arena, rest, size - 1);
        break;
    case 's':
        try_status(arena, rest, size - 1);
        break;
    case 't':
        try_token(arena, rest, size - 1);
        break;
    case 'b':
        try_bundle(arena, rest, size - 1);
        break;
    case 'd':
        try_descriptor(rest, size - 1);
        break;
    default:
        break;
    }
    arena_free(arena);
    return 0;
}
