/*
 * Load on one unary gRPC method: a closed loop of N calls in flight over some connections, each
 * with the next of the given packed requests. Prints one line of JSON: calls per second and the
 * distribution of the latency.
 */
#include <getopt.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_HEADERS = 8, MAX_REQUEST_BYTES = 65536, STATUS_CODES = 17 };

struct options {
    const char *target;
    const char *method;
    int connections;
    int concurrency;
    int threads;
    double seconds;
    double warmup_seconds;
    int deadline_ms;
    grpc_metadata headers[MAX_HEADERS];
    size_t n_headers;
    grpc_slice *requests;
    size_t n_requests;
    bool once;
    atomic_size_t next_request;
};

struct call {
    struct driver *driver;
    grpc_channel *channel;
    grpc_call *grpc;
    int64_t started_ns;
    grpc_metadata_array initial, trailers;
    grpc_byte_buffer *received;
    grpc_status_code status;
    grpc_slice message;
};

/* One thread with its own queue and its share of the calls. */
struct driver {
    struct options *options;
    pthread_t thread;
    grpc_completion_queue *queue;
    struct call *calls;
    int n_calls;
    uint32_t *latencies_ns;
    size_t n_latencies, max_latencies;
    uint64_t by_status[STATUS_CODES];
    char first_fault[256];
    int64_t measure_ns, end_ns;
};

static __attribute__((noreturn)) void fail(const char *message)
{
    fprintf(stderr, "grpc_load: %s\n", message);
    exit(EXIT_FAILURE);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n, size);
    if (!memory) {
        fail("out of memory");
    }
    return memory;
}

/* False when each request has had its turn. */
static bool start(struct call *call)
{
    struct options *options = call->driver->options;
    size_t turn = atomic_fetch_add_explicit(&options->next_request, 1, memory_order_relaxed);
    if (options->once && turn >= options->n_requests) {
        return false;
    }
    grpc_byte_buffer *request =
        grpc_raw_byte_buffer_create(&options->requests[turn % options->n_requests], 1);
    gpr_timespec deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                         gpr_time_from_millis(options->deadline_ms, GPR_TIMESPAN));
    call->grpc = grpc_channel_create_call(
        call->channel, NULL, GRPC_PROPAGATE_DEFAULTS, call->driver->queue,
        grpc_slice_from_static_string(options->method), NULL, deadline, NULL);
    grpc_metadata_array_init(&call->initial);
    grpc_metadata_array_init(&call->trailers);
    call->received = NULL;
    call->message = grpc_empty_slice();
    grpc_op ops[6] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA,
         .data.send_initial_metadata = {.count = options->n_headers,
                                        .metadata = (grpc_metadata *)options->headers}},
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = request},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
        {.op = GRPC_OP_RECV_INITIAL_METADATA,
         .data.recv_initial_metadata.recv_initial_metadata = &call->initial},
        {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->received},
        {.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
         .data.recv_status_on_client = {.trailing_metadata = &call->trailers,
                                        .status = &call->status,
                                        .status_details = &call->message}},
    };
    call->started_ns = now_ns();
    if (grpc_call_start_batch(call->grpc, ops, 6, call, NULL) != GRPC_CALL_OK) {
        fail("the call cannot be started: check the headers");
    }
    grpc_byte_buffer_destroy(request);
    return true;
}

static void finish(struct call *call)
{
    struct driver *driver = call->driver;
    int64_t ended_ns = now_ns();
    if (call->started_ns >= driver->measure_ns) {
        int status = (int)call->status;
        driver->by_status[status >= 0 && status < STATUS_CODES ? status : GRPC_STATUS_UNKNOWN]++;
        if (driver->n_latencies < driver->max_latencies) {
            driver->latencies_ns[driver->n_latencies++] = (uint32_t)(ended_ns - call->started_ns);
        }
    }
    if (call->status != GRPC_STATUS_OK && !driver->first_fault[0]) {
        snprintf(driver->first_fault, sizeof(driver->first_fault), "%d %.*s", (int)call->status,
                 (int)GRPC_SLICE_LENGTH(call->message),
                 (const char *)GRPC_SLICE_START_PTR(call->message));
    }
    grpc_byte_buffer_destroy(call->received);
    grpc_metadata_array_destroy(&call->initial);
    grpc_metadata_array_destroy(&call->trailers);
    grpc_slice_unref(call->message);
    grpc_call_unref(call->grpc);
}

static void *drive(void *ptr)
{
    struct driver *driver = ptr;
    int running = 0;
    for (int i = 0; i < driver->n_calls; i++) {
        running += start(&driver->calls[i]);
    }
    while (running > 0) {
        grpc_event event =
            grpc_completion_queue_next(driver->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        struct call *call = event.tag;
        finish(call);
        if (now_ns() >= driver->end_ns || !start(call)) {
            running--;
        }
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static double percentile_us(const uint32_t *sorted, size_t n, double share)
{
    return n == 0 ? 0 : sorted[(size_t)((double)(n - 1) * share)] / 1e3;
}

static void report(const struct options *options, const struct driver *drivers, double seconds)
{
    size_t n = 0;
    uint64_t by_status[STATUS_CODES] = {0};
    for (int i = 0; i < options->threads; i++) {
        n += drivers[i].n_latencies;
        for (int s = 0; s < STATUS_CODES; s++) {
            by_status[s] += drivers[i].by_status[s];
        }
    }
    uint32_t *all = allocate(n + 1, sizeof(*all));
    size_t at = 0;
    for (int i = 0; i < options->threads; i++) {
        memcpy(all + at, drivers[i].latencies_ns, drivers[i].n_latencies * sizeof(*all));
        at += drivers[i].n_latencies;
    }
    qsort(all, n, sizeof(*all), compare);
    uint64_t failed = 0;
    for (int s = 1; s < STATUS_CODES; s++) {
        failed += by_status[s];
    }
    printf("{\"rps\": %.0f, \"ok\": %llu, \"failed\": %llu, \"p50_us\": %.0f, \"p90_us\": %.0f, "
           "\"p99_us\": %.0f, "
           "\"max_us\": %.0f, \"concurrency\": %d, \"connections\": %d}\n",
           (double)by_status[0] / seconds, (unsigned long long)by_status[0],
           (unsigned long long)failed, percentile_us(all, n, 0.5), percentile_us(all, n, 0.9),
           percentile_us(all, n, 0.99), percentile_us(all, n, 1), options->concurrency,
           options->connections);
    for (int i = 0; i < options->threads; i++) {
        if (drivers[i].first_fault[0]) {
            fprintf(stderr, "grpc_load: first failure: %s\n", drivers[i].first_fault);
            break;
        }
    }
    free(all);
}

static grpc_channel *connect_to(const char *target)
{
    grpc_arg args[] = {
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL,
         .value.integer = 1},
        {.type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_ENABLE_RETRIES, .value.integer = 0},
        {.type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_MINIMAL_STACK, .value.integer = 1},
        {.type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_ENABLE_CHANNELZ, .value.integer = 0},
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
         .value.integer = -1},
    };
    const grpc_channel_args channel_args = {.num_args = sizeof(args) / sizeof(args[0]),
                                            .args = args};
    grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(target, credentials, &channel_args);
    grpc_channel_credentials_release(credentials);
    return channel;
}

static void run(struct options *options)
{
    grpc_channel **channels = allocate((size_t)options->connections, sizeof(grpc_channel *));
    struct driver *drivers = allocate((size_t)options->threads, sizeof(*drivers));
    for (int i = 0; i < options->connections; i++) {
        channels[i] = connect_to(options->target);
    }
    int64_t start_ns = now_ns();
    for (int i = 0; i < options->threads; i++) {
        struct driver *driver = &drivers[i];
        driver->options = options;
        driver->queue = grpc_completion_queue_create_for_next(NULL);
        driver->n_calls =
            options->concurrency / options->threads + (i < options->concurrency % options->threads);
        driver->calls = allocate((size_t)driver->n_calls + 1, sizeof(*driver->calls));
        driver->max_latencies = (size_t)(options->seconds * 200000) + 1000;
        driver->latencies_ns = allocate(driver->max_latencies, sizeof(uint32_t));
        driver->measure_ns = start_ns + (int64_t)(options->warmup_seconds * 1e9);
        driver->end_ns = driver->measure_ns + (int64_t)(options->seconds * 1e9);
        for (int c = 0; c < driver->n_calls; c++) {
            driver->calls[c].driver = driver;
            driver->calls[c].channel = channels[(c * options->threads + i) % options->connections];
        }
        pthread_create(&driver->thread, NULL, drive, driver);
    }
    for (int i = 0; i < options->threads; i++) {
        pthread_join(drivers[i].thread, NULL);
    }
    report(options, drivers,
           options->once ? (double)(now_ns() - drivers[0].measure_ns) / 1e9 : options->seconds);
    for (int i = 0; i < options->threads; i++) {
        grpc_completion_queue_shutdown(drivers[i].queue);
        while (
            grpc_completion_queue_next(drivers[i].queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL)
                .type != GRPC_QUEUE_SHUTDOWN) {
        }
        grpc_completion_queue_destroy(drivers[i].queue);
        free(drivers[i].calls);
        free(drivers[i].latencies_ns);
    }
    for (int i = 0; i < options->connections; i++) {
        grpc_channel_destroy(channels[i]);
    }
    free(drivers);
    free(channels);
}

static uint8_t digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c ? strchr(digits, c) : NULL;
    if (!found) {
        fail("a request is written in hexadecimal digits, lower case");
    }
    return (uint8_t)(found - digits);
}

static void take_hex(struct options *options, const char *hex)
{
    static uint8_t packed[MAX_REQUEST_BYTES];
    size_t len = strcspn(hex, "\n") / 2;
    if (len > MAX_REQUEST_BYTES) {
        fail("the request is too long");
    }
    for (size_t i = 0; i < len; i++) {
        packed[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    }
    if ((options->n_requests & (options->n_requests - 1)) == 0) {
        size_t room = options->n_requests ? options->n_requests * 2 : 1;
        options->requests = realloc(options->requests, room * sizeof(grpc_slice));
        if (!options->requests) {
            fail("out of memory");
        }
    }
    options->requests[options->n_requests++] =
        grpc_slice_from_copied_buffer((const char *)packed, len);
}

static void take_file(struct options *options, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    if (!file) {
        fail("the file of requests cannot be read");
    }
    while (getline(&line, &room, file) >= 0) {
        take_hex(options, line);
    }
    free(line);
    fclose(file);
}

static void take_header(struct options *options, char *text)
{
    char *colon = strchr(text, ':');
    if (!colon || options->n_headers == MAX_HEADERS) {
        fail("--header takes NAME:VALUE, at most 8 times");
    }
    *colon = '\0';
    options->headers[options->n_headers++] = (grpc_metadata){
        .key = grpc_slice_from_copied_string(text),
        .value = grpc_slice_from_copied_string(colon + 1),
    };
}

static __attribute__((noreturn)) void usage(void)
{
    fputs("Usage: grpc_load TARGET METHOD [options]\n"
          "  TARGET  unix:PATH or HOST:PORT      METHOD  /package.Service/Method\n"
          "  --request HEX       a packed request, repeatable; without any it is empty\n"
          "  --requests FILE     packed requests, a line each\n"
          "  --once              every request once, then it ends\n"
          "  --header NAME:VALUE metadata, repeatable, such as authorization:Token KEY\n"
          "  --concurrency N     calls in flight (1)\n"
          "  --connections N     channels (1)\n"
          "  --threads N         client threads (1)\n"
          "  --seconds S         measured time (2)\n"
          "  --warmup S          time before that (0.3)\n"
          "  --deadline-ms N     of each call (10000)\n",
          stderr);
    exit(2);
}

static void parse(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {
        {"request", required_argument, NULL, 'r'},
        {"header", required_argument, NULL, 'h'},
        {"requests", required_argument, NULL, 'f'},
        {"once", no_argument, NULL, 'o'},
        {"concurrency", required_argument, NULL, 'c'},
        {"connections", required_argument, NULL, 'n'},
        {"threads", required_argument, NULL, 't'},
        {"seconds", required_argument, NULL, 's'},
        {"warmup", required_argument, NULL, 'w'},
        {"deadline-ms", required_argument, NULL, 'd'},
        {NULL, 0, NULL, 0},
    };
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (c) {
        case 'r':
            take_hex(options, optarg);
            break;
        case 'f':
            take_file(options, optarg);
            break;
        case 'o':
            options->once = true;
            break;
        case 'h':
            take_header(options, optarg);
            break;
        case 'c':
            options->concurrency = (int)strtol(optarg, NULL, 10);
            break;
        case 'n':
            options->connections = (int)strtol(optarg, NULL, 10);
            break;
        case 't':
            options->threads = (int)strtol(optarg, NULL, 10);
            break;
        case 's':
            options->seconds = strtod(optarg, NULL);
            break;
        case 'w':
            options->warmup_seconds = strtod(optarg, NULL);
            break;
        case 'd':
            options->deadline_ms = (int)strtol(optarg, NULL, 10);
            break;
        default:
            usage();
        }
    }
    if (argc - optind != 2 || options->concurrency < 1 || options->connections < 1 ||
        options->threads < 1 || options->seconds <= 0) {
        usage();
    }
    options->target = argv[optind];
    options->method = argv[optind + 1];
    if (options->n_requests == 0) {
        take_hex(options, "");
    }
}

int main(int argc, char **argv)
{
    static struct options options = {
        .connections = 1,
        .concurrency = 1,
        .threads = 1,
        .seconds = 2,
        .warmup_seconds = 0.3,
        .deadline_ms = 10000,
    };
    grpc_init();
    parse(&options, argc, argv);
    run(&options);
    for (size_t i = 0; i < options.n_requests; i++) {
        grpc_slice_unref(options.requests[i]);
    }
    free(options.requests);
    for (size_t i = 0; i < options.n_headers; i++) {
        grpc_slice_unref(options.headers[i].key);
        grpc_slice_unref(options.headers[i].value);
    }
    grpc_shutdown();
    return EXIT_SUCCESS;
}
