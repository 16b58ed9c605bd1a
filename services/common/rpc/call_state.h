/* What the server keeps beside a call. Private to rpc and the frame of main. */
#pragma once

#include <stdbool.h>

struct call;

struct call_state {
    /* Whether the client has gone away, or the process is stopping; NULL where neither can be
     * known. */
    bool (*is_cancelled)(const struct call_state *state);
    void *ctx; /* of is_cancelled */
    /* The handler must not wait for anything and is going to be run again: see pg_pipe.h. */
    bool is_piped;
    /* A background task has more to do: set by call_run_again. */
    bool run_again;
};
