/*
 * DNS questions and answers, the only user of c-ares. A resolver belongs to one thread. Answers
 * keep apart what peers mix up: "there is no such record" is an answer, "nobody answered" is not.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/common/error/error.h"

enum dns_type { DNS_A = 1, DNS_MX = 15, DNS_AAAA = 28 };

enum dns_status {
    DNS_OK,        /* at least one record of the type asked for */
    DNS_NODATA,    /* the name exists, the type does not */
    DNS_NXDOMAIN,  /* the name does not exist */
    DNS_TIMEOUT,   /* no server answered in time */
    DNS_REFUSED,   /* the server refused to answer */
    DNS_FAILED,    /* SERVFAIL, connection refused, and the like */
    DNS_MALFORMED, /* an answer that is no DNS answer */
};

/* Whether the status says something about the zone, and not only about the way to it. */
bool dns_status_is_known(enum dns_status status);

struct dns_record {
    uint16_t preference; /* of an MX */
    const char *text; /* MX: host in lower case, "" for the root (RFC 7505); A, AAAA: the address */
};

enum {
    DNS_RECORDS_MAX = 100
}; /* more are left out: enough for any sane zone, a bound for a hostile one */

struct dns_answer {
    enum dns_status status;
    const struct dns_record *records; /* MX sorted by preference, then host; addresses sorted */
    size_t n_records;
};

struct dns_question {
    const char *name; /* without trailing dot */
    enum dns_type type;
    struct dns_answer answer; /* filled by resolver_ask */
};

struct resolver_config {
    const char *servers; /* "addr[:port],..."; "" for those of the system */
    int timeout_ms;      /* of the first try; later ones take longer */
    int tries;
};

struct resolver;

/* NULL with a printable fault if the servers do not parse. */
struct resolver *resolver_open(const struct resolver_config *config, const char **ret_fault);
void resolver_close(struct resolver *resolver);

/* Asks all questions, at most 100 at a time, until each has an answer or `deadline_us` (monotonic)
 * has passed: what is open then is DNS_TIMEOUT. Answers live in the arena. */
void resolver_ask(struct resolver *resolver, struct arena *arena, int64_t deadline_us,
                  struct dns_question *questions, size_t n_questions);

/* One answer packet as bytes. Any bytes at all are safe. */
struct dns_answer dns_answer_parse(struct arena *arena, enum dns_type type, const uint8_t *packet,
                                   size_t len);

/* Once in the process, before any thread. */
bool resolver_library_init(void);
