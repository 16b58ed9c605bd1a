#include "services/common/rpc/loop.h"

#include <grpc/support/time.h>
#include <stdlib.h>

#include "services/common/error/error.h"

static void *thread_main(void *ptr)
{
    struct loop *loop = ptr;
    for (;;) {
        grpc_event event = grpc_completion_queue_next(loop->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN) {
            return NULL;
        }
        struct loop_tag *tag = event.tag;
        tag->fire(tag, event.success != 0);
    }
}

void loop_init(struct loop *loop, grpc_server *server)
{
    *loop = (struct loop){.queue = grpc_completion_queue_create_for_next(NULL)};
    grpc_server_register_completion_queue(server, loop->queue, NULL);
}

void loop_start(struct loop *loop, int n_threads)
{
    loop->threads = calloc((size_t)n_threads, sizeof(*loop->threads));
    check(loop->threads);
    for (; loop->n_threads < n_threads; loop->n_threads++) {
        check(pthread_create(&loop->threads[loop->n_threads], NULL, thread_main, loop) == 0);
    }
}

void loop_done(struct loop *loop)
{
    grpc_completion_queue_shutdown(loop->queue);
    for (int i = 0; i < loop->n_threads; i++) {
        check(pthread_join(loop->threads[i], NULL) == 0);
    }
    thread_main(loop);
    grpc_completion_queue_destroy(loop->queue);
    free(loop->threads);
}
