/*
 * Who travels with whom: reads of one peer that are wanted while another is under way go out
 * together when it is back, as one call (bundle.proto). While few are wanted each goes at once and
 * by itself, so a bundle costs nobody a wait where there is nothing to gain; and if the one under
 * way takes long, whoever has waited 5 ms for it goes without it. Any thread. Private to rpc.
 */
#pragma once

#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "services/common/rpc/method.h"

struct bundler;

/* One read that a thread wants; on its stack. */
struct ride {
    const struct rpc_method *method;
    const ProtobufCMessage *request;
    const uint8_t *assertion;
    size_t assertion_len;
    const char *trace_id; /* or NULL */
    int64_t deadline_us;
    sem_t *woken; /* the thread's own */
    /* For whoever leads. */
    struct ride *next;
    void *outcome; /* a packed BundledOutcome, malloc's; NULL: none, it has to go alone */
    size_t outcome_len;
    int state; /* under the bundler's lock while it waits */
};

enum boarding {
    RIDE_LEADS,   /* make the call, for this ride and those in `next`; bundler_pass_on after it */
    RIDE_ARRIVED, /* it has its outcome */
    RIDE_ALONE,   /* make a call of its own */
};

struct bundler *bundler_new(void);
void bundler_free(struct bundler *bundler);
/* Whether reads by this method can be bundled, as far as is known. */
bool bundler_takes(struct bundler *bundler, const struct rpc_method *method);
/* It was left out, so it goes alone for a second. */
void bundler_avoid(struct bundler *bundler, const struct rpc_method *method);
/* Blocks until the ride leads or has arrived. A leader has at most BUNDLE_MAX_CALLS - 1 others, to
 * each of which it owes bundler_arrive. */
enum boarding bundler_board(struct bundler *bundler, struct ride *ride);
/* The leader's call is over: lets the next lead. */
void bundler_pass_on(struct bundler *bundler);
/* The leader gives a ride its outcome, which becomes the ride's own; the ride may be gone then. */
void bundler_arrive(struct ride *ride, void *outcome, size_t len);
