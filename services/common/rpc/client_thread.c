#include "services/common/rpc/client_thread.h"

#include <grpc/support/time.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/rpc/peers.h"
#include "services/common/rpc/wire.h"

enum { REUSE_LEFT_MS = 10000 }; /* a signed assertion is reused while it lives this much longer */

static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;

static void thread_done(void *ptr)
{
    struct client_thread *thread = ptr;
    grpc_completion_queue_shutdown(thread->queue);
    grpc_completion_queue_destroy(thread->queue);
    sem_destroy(&thread->woken);
    explicit_bzero(thread, sizeof(*thread));
    free(thread);
    grpc_shutdown();
}

static void thread_key_create(void)
{
    check(pthread_key_create(&thread_key, thread_done) == 0);
}

struct client_thread *client_thread(void)
{
    check(pthread_once(&thread_key_once, thread_key_create) == 0);
    struct client_thread *thread = pthread_getspecific(thread_key);
    if (!thread) {
        wire_init();
        thread = calloc(1, sizeof(*thread));
        check(thread);
        thread->queue = grpc_completion_queue_create_for_pluck(NULL);
        check(sem_init(&thread->woken, 0, 0) == 0);
        check(pthread_setspecific(thread_key, thread) == 0);
    }
    return thread;
}

bool client_thread_sign(struct client_thread *thread, struct call *call)
{
    int64_t now_ms = clock_wall_us() / 1000;
    Roost__Common__V1__Identity identity = *call->identity;
    identity.expires_at_ms = 0;
    size_t len = protobuf_c_message_get_packed_size(&identity.base);
    if (len > ASSERTION_MAX_BYTES / 2) {
        return false;
    }
    uint8_t packed[ASSERTION_MAX_BYTES];
    protobuf_c_message_pack(&identity.base, packed);
    int64_t left_ms = thread->signed_until_ms - now_ms;
    if (thread->peers == call->peers && thread->identity_len == len && left_ms > REUSE_LEFT_MS &&
        left_ms <= ASSERTION_MAX_LIFETIME_MS && memcmp(thread->identity, packed, len) == 0) {
        return true;
    }
    size_t signed_len;
    const uint8_t *assertion = assertion_sign(call->arena, peers_key(call->peers), call->identity,
                                              peers_self(call->peers), &signed_len);
    if (signed_len > ASSERTION_MAX_BYTES) {
        return false;
    }
    memcpy(thread->identity, packed, len);
    memcpy(thread->assertion, assertion, signed_len);
    thread->peers = call->peers;
    thread->identity_len = len;
    thread->signed_len = signed_len;
    thread->signed_until_ms = now_ms + ASSERTION_MAX_LIFETIME_MS;
    return true;
}

void client_thread_await(struct client_thread *thread, void *tag)
{
    gpr_timespec at_once = gpr_inf_past(GPR_CLOCK_MONOTONIC);
    bool looks = busy_poll_begin(&thread->busy_poll);
    while (looks && grpc_completion_queue_pluck(thread->queue, tag, at_once, NULL).type !=
                        GRPC_OP_COMPLETE) {
        looks = busy_poll_again(&thread->busy_poll);
    }
    if (!looks) {
        grpc_completion_queue_pluck(thread->queue, tag, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    }
    busy_poll_end(&thread->busy_poll);
}
