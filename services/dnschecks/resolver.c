#include "services/dnschecks/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/clock/clock.h"

/* More in flight on one socket and the kernel drops answers. */
enum { WINDOW = 100, RECEIVE_BUFFER_BYTES = 1 << 20, QUESTIONS_UDP_BYTES = 1232 };

struct resolver {
    ares_channel channel;
    int in_flight;
};

struct pending {
    struct resolver *resolver;
    struct arena *arena;
    struct dns_question *question;
};

bool dns_status_is_known(enum dns_status status)
{
    return status == DNS_OK || status == DNS_NODATA || status == DNS_NXDOMAIN;
}

bool resolver_library_init(void)
{
    return ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
}

struct resolver *resolver_open(const struct resolver_config *config, const char **ret_fault)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);
    check(resolver != NULL);
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
        .timeout = config->timeout_ms,
        .tries = config->tries,
        .ednspsz = QUESTIONS_UDP_BYTES,
        .socket_receive_buffer_size = RECEIVE_BUFFER_BYTES,
    };
    int status = ares_init_options(&resolver->channel, &options,
                                   ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                       ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_RCVBUF);
    if (status != ARES_SUCCESS) {
        *ret_fault = ares_strerror(status);
        free(resolver);
        return NULL;
    }
    if (*config->servers) {
        status = ares_set_servers_ports_csv(resolver->channel, config->servers);
        if (status != ARES_SUCCESS) {
            *ret_fault = ares_strerror(status);
            resolver_close(resolver);
            return NULL;
        }
    }
    return resolver;
}

void resolver_close(struct resolver *resolver)
{
    if (resolver) {
        ares_destroy(resolver->channel);
        free(resolver);
    }
}

static enum dns_status status_of(int ares_status)
{
    switch (ares_status) {
    case ARES_SUCCESS:
        return DNS_OK;
    case ARES_ENODATA:
        return DNS_NODATA;
    case ARES_ENOTFOUND:
        return DNS_NXDOMAIN;
    case ARES_ETIMEOUT:
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
        return DNS_TIMEOUT;
    case ARES_EREFUSED:
        return DNS_REFUSED;
    case ARES_EBADRESP:
    case ARES_EBADNAME:
        return DNS_MALFORMED;
    default:
        return DNS_FAILED;
    }
}

static char *lower_case(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);
    size_t len = strlen(copy);
    if (len > 0 && copy[len - 1] == '.') {
        copy[len - 1] = '\0';
    }
    for (char *c = copy; *c; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    return copy;
}

static int compare_records(const void *a, const void *b)
{
    const struct dns_record *x = a;
    const struct dns_record *y = b;
    if (x->preference != y->preference) {
        return x->preference < y->preference ? -1 : 1;
    }
    return strcmp(x->text, y->text);
}

static struct dns_answer finish_answer(struct dns_record *records, size_t n)
{
    if (n == 0) {
        return (struct dns_answer){.status = DNS_NODATA};
    }
    qsort(records, n, sizeof *records, compare_records);
    return (struct dns_answer){.status = DNS_OK, .records = records, .n_records = n};
}

static struct dns_answer parse_mx(struct arena *arena, const uint8_t *packet, size_t len)
{
    struct ares_mx_reply *replies = NULL;
    int status = ares_parse_mx_reply(packet, (int)len, &replies);
    if (status != ARES_SUCCESS) {
        return (struct dns_answer){.status = status_of(status)};
    }
    struct dns_record *records = arena_alloc(arena, DNS_RECORDS_MAX * sizeof *records);
    size_t n = 0;
    for (struct ares_mx_reply *reply = replies; reply && n < DNS_RECORDS_MAX; reply = reply->next) {
        records[n++] = (struct dns_record){.preference = reply->priority,
                                           .text = lower_case(arena, reply->host)};
    }
    ares_free_data(replies);
    return finish_answer(records, n);
}

static struct dns_answer parse_addresses(struct arena *arena, enum dns_type type,
                                         const uint8_t *packet, size_t len)
{
    struct hostent *host = NULL;
    int status = type == DNS_A ? ares_parse_a_reply(packet, (int)len, &host, NULL, NULL)
                               : ares_parse_aaaa_reply(packet, (int)len, &host, NULL, NULL);
    if (status != ARES_SUCCESS) {
        return (struct dns_answer){.status = status_of(status)};
    }
    struct dns_record *records = arena_alloc(arena, DNS_RECORDS_MAX * sizeof *records);
    size_t n = 0;
    for (char **address = host->h_addr_list; *address && n < DNS_RECORDS_MAX; address++) {
        char *text = arena_alloc(arena, INET6_ADDRSTRLEN);
        check(inet_ntop(host->h_addrtype, *address, text, INET6_ADDRSTRLEN) != NULL);
        records[n++] = (struct dns_record){.text = text};
    }
    ares_free_hostent(host);
    return finish_answer(records, n);
}

/* The status that the header of an answer gives before its records are read (RFC 1035 4.1.1). */
static enum dns_status header_status(const uint8_t *packet, size_t len)
{
    enum { HEADER_BYTES = 12, RCODE_MASK = 0x0f };
    if (len < HEADER_BYTES || len > UINT16_MAX) {
        return DNS_MALFORMED;
    }
    switch (packet[3] & RCODE_MASK) {
    case 0:
        return DNS_OK;
    case 3:
        return DNS_NXDOMAIN;
    case 5:
        return DNS_REFUSED;
    default:
        return DNS_FAILED;
    }
}

struct dns_answer dns_answer_parse(struct arena *arena, enum dns_type type, const uint8_t *packet,
                                   size_t len)
{
    enum dns_status status = header_status(packet, len);
    if (status != DNS_OK) {
        return (struct dns_answer){.status = status};
    }
    return type == DNS_MX ? parse_mx(arena, packet, len)
                          : parse_addresses(arena, type, packet, len);
}

/* c-ares calls this once for each question, with or without a packet. */
static void answered(void *arg, int status, int timeouts, unsigned char *packet, int len)
{
    (void)timeouts;
    struct pending *pending = arg;
    pending->resolver->in_flight--;
    pending->question->answer =
        packet && len > 0
            ? dns_answer_parse(pending->arena, pending->question->type, packet, (size_t)len)
            : (struct dns_answer){.status = status_of(status)};
}

/* Waits for the sockets of the channel until something happened, c-ares wants its timers run, or
 * the deadline. */
static void wait_and_process(struct resolver *resolver, int64_t deadline_us)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    int bits = ares_getsock(resolver->channel, sockets, ARES_GETSOCK_MAXNUM);
    struct pollfd fds[ARES_GETSOCK_MAXNUM];
    nfds_t n = 0;
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
        short events = (short)((ARES_GETSOCK_READABLE(bits, i) ? POLLIN : 0) |
                               (ARES_GETSOCK_WRITABLE(bits, i) ? POLLOUT : 0));
        if (events) {
            fds[n++] = (struct pollfd){.fd = sockets[i], .events = events};
        }
    }
    int64_t left_us = deadline_us - clock_monotonic_us();
    struct timeval limit = {.tv_sec = left_us / 1000000, .tv_usec = left_us % 1000000};
    struct timeval next;
    struct timeval *wait = ares_timeout(resolver->channel, &limit, &next);
    int wait_ms = (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1);
    if (poll(fds, n, wait_ms) <= 0) {
        ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        return;
    }
    for (nfds_t i = 0; i < n; i++) {
        ares_process_fd(resolver->channel,
                        fds[i].revents & (POLLIN | POLLERR | POLLHUP) ? fds[i].fd : ARES_SOCKET_BAD,
                        fds[i].revents & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
    }
}

void resolver_ask(struct resolver *resolver, struct arena *arena, int64_t deadline_us,
                  struct dns_question *questions, size_t n_questions)
{
    size_t asked = 0;
    struct pending *pending = arena_alloc(arena, n_questions * sizeof *pending);
    for (size_t i = 0; i < n_questions; i++) {
        questions[i].answer = (struct dns_answer){.status = DNS_TIMEOUT};
    }
    while ((asked < n_questions || resolver->in_flight > 0) && clock_monotonic_us() < deadline_us) {
        while (asked < n_questions && resolver->in_flight < WINDOW) {
            pending[asked] = (struct pending){
                .resolver = resolver, .arena = arena, .question = &questions[asked]};
            resolver->in_flight++;
            ares_query(resolver->channel, questions[asked].name, ns_c_in,
                       (int)questions[asked].type, answered, &pending[asked]);
            asked++;
        }
        if (resolver->in_flight > 0) {
            wait_and_process(resolver, deadline_us);
        }
    }
    /* Each open question is answered now with ARES_ECANCELLED, so none refers to `pending` later.
     */
    ares_cancel(resolver->channel);
}
