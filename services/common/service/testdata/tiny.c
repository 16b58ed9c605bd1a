/* The smallest service, for the test of the frame: echo.proto under the name "quotas". */
#include <stdio.h>

#include "services/common/log/log.h"
#include "services/common/rpc/testing/echo.h"
#include "services/common/rpc/testing/echo_descriptors.h"
#include "services/common/service/service.h"

struct tiny_config {
    char *greeting;
    int64_t fails;
};

/* Fails as often as it is told to, then asks to run again once, then works. */
static const struct error *count(struct call *call)
{
    static int n_runs;
    const struct tiny_config *config = call->service;

    n_runs++;
    log_info("tiny.counted", log_int("run", n_runs), log_str("method", call->method),
             log_str("service", call->identity->service), log_str("greeting", config->greeting));
    if (n_runs <= config->fails) {
        return error_internal(call->arena, "run %d was to fail", n_runs);
    }
    if (n_runs == config->fails + 1) {
        call_run_again(call);
    }
    return NULL;
}

static void *open_context(const void *config, const struct service_config *common)
{
    log_info("tiny.opened", log_int("workers", common->workers));
    return (void *)(uintptr_t)config;
}

static void close_context(void *service)
{
    log_info("tiny.closed", log_str("greeting", ((struct tiny_config *)service)->greeting));
}

int main(int argc, char **argv)
{
    static const struct config_field fields[] = {
        {.name = "TINY_GREETING",
         .kind = CONFIG_TEXT,
         .offset = offsetof(struct tiny_config, greeting),
         .default_value = "hello",
         .min = 1,
         .help = "What it says."},
        {.name = "TINY_FAILS",
         .kind = CONFIG_INT,
         .offset = offsetof(struct tiny_config, fails),
         .default_value = "0",
         .max = 10,
         .help = "How many runs of its task fail."},
    };
    static const struct service_task tasks[] = {{.name = "count", .pause_ms = 100, .run = count}};
    static const struct rpc_service *const services[] = {&echo_service, &echo_internal_service,
                                                         NULL};
    const struct service_def def = {
        .name = "quotas",
        .summary = "Does next to nothing.",
        .services = services,
        .descriptor_set = echo_descriptor_set,
        .descriptor_set_len = echo_descriptor_set_len,
        .tasks = tasks,
        .n_tasks = 1,
        .config_fields = fields,
        .n_config_fields = sizeof(fields) / sizeof(fields[0]),
        .config_size = sizeof(struct tiny_config),
        .authenticate = echo_authenticate,
        .open = open_context,
        .close = close_context,
    };

    return service_main(argc, argv, &def);
}
