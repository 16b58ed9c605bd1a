/*
 * HTTP as the gateway sees it: one request, and the means to answer it. Nothing here knows the
 * server library; that is http_civetweb.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/common/arena/arena.h"
#include "services/common/message/json.h"

enum {
    HTTP_HEADERS_MAX = 63,
    HTTP_HEAD_BYTES_MAX = 16384, /* request line and headers */
    HTTP_URL_BYTES_MAX = 8192,
    HTTP_BODY_BYTES_MAX = 1 << 20,
    HTTP_HEAD_ROOM = 2048, /* kept free before a body, so that head and body leave in one write */
};

struct http_header {
    const char *name;
    const char *value;
};

struct http_request {
    const char *method;
    const char *path;    /* as sent, up to the '?' */
    const char *query;   /* as sent, NULL if there is no '?' */
    const char *version; /* "1.0", "1.1" */
    const struct http_header *headers;
    size_t n_headers;
    bool is_framed; /* every line ended in CRLF, no header was folded, cut off or left out */
    const char
        *remote_address; /* of the client; of the connection until a trusted proxy is believed */
    bool is_tls;
    int64_t content_length; /* 0 if there is no body */
    size_t head_bytes;      /* of request line and headers */
};

/* The connection. Functions return false or less than asked when it is broken. */
struct http_io {
    bool (*write)(void *ctx, const char *data, size_t len);
    size_t (*read)(void *ctx, char *data, size_t len, int64_t deadline_us);
    void (*close_afterwards)(void *ctx);
    bool (*is_draining)(void *ctx); /* the server is stopping */
    void *ctx;
};

/* A request with its answer in the making. */
struct http_exchange {
    struct arena *arena;
    const struct http_io *io;
    struct http_request request;
    const char *request_id;
    int64_t deadline_us; /* monotonic */
    bool is_head;
    bool is_body_read;
    /* The answer. */
    const struct http_answer_header *first_header;
    struct http_answer_header **last_header;
    bool closes; /* the connection ends with this answer */
    bool is_streaming;
    bool is_broken; /* the client is gone, or a stream ended too early */
    int status;     /* 0 until it is sent */
    int64_t sent_bytes;
    /* For the access log. */
    const char *route;   /* the template, NULL if none matched */
    const char *account; /* NULL if nobody is known */
    const char *reason;  /* of an error, NULL if there is none */
    const char *cause;
};

/* The first header of this name, in any case; NULL if there is none. */
const char *http_header(const struct http_request *request, const char *name);
size_t http_header_count(const struct http_request *request, const char *name);
/* Whether a comma-separated list such as Connection or Accept has this item, in any case;
 * parameters are ignored. */
bool http_list_has(const char *list, const char *item);
/* Whether Accept-Encoding takes this coding: it is listed, and not with q=0. */
bool http_accepts_coding(const char *list, const char *coding);
/* The value of a cookie in the arena, NULL if there is none or more than one of this name. */
const char *http_cookie(struct arena *arena, const struct http_request *request, const char *name);

/* What is wrong with the form of a request, before anything looks at its meaning. Each such answer
 * closes. */
struct http_fault {
    int status;
    const char *detail;
};
/* NULL if there is nothing wrong. */
const struct http_fault *http_check(const struct http_request *request);

/* Reads the body into the arena: NULL for success. 413, 408 or 400 otherwise. */
const struct http_fault *http_read_body(struct http_exchange *exchange,
                                        struct json_source *ret_body);

/* "Not Found" for 404; "" for a number that means nothing here. */
const char *http_phrase(int status);
/* A header for the answer; the name is a literal, the value may not hold control characters (it is
 * dropped then). */
void http_add_header(struct http_exchange *exchange, const char *name, const char *value);
/* A writer whose buffer has HTTP_HEAD_ROOM before the body. */
struct json_writer http_body_writer(struct arena *arena);
/* Sends head and body. `body` is from http_body_writer; NULL: no body. */
void http_send(struct http_exchange *exchange, int status, const struct json_writer *body);
/* The same with bytes from elsewhere, which may be large. */
void http_send_bytes(struct http_exchange *exchange, int status, const void *data, size_t len);
/* A body that comes in pieces. `piece` is from http_body_writer. False: the client is gone. */
bool http_stream_begin(struct http_exchange *exchange, int status);
bool http_stream_write(struct http_exchange *exchange, struct json_writer *piece);
void http_stream_end(struct http_exchange *exchange);
/* Ends a stream that cannot be completed, so that the client sees that it is cut. */
void http_stream_abort(struct http_exchange *exchange);
