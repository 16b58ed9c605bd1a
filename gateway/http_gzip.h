/*
 * Compression of answers that are made anew each time. The only user of zlib.
 *
 * Compressed is the answer to a GET or HEAD with nothing secret in its body: a list or a summary.
 * Never an answer to a write and never one that starts a session: there what a stranger can choose
 * (a name in the request) and what he wants to know (a token, a password) could stand beside each
 * other, and the length would tell one by the other (BREACH). The CSRF token is a header, which is
 * not compressed. Never an answer with an ETag either: it is strong and names the plain bytes, for
 * If-Match. Nor a stream.
 */
#pragma once

#include "gateway/http.h"

enum {
    HTTP_GZIP_LEAST_BYTES = 1400, /* less fits into a packet as it is */
};

/* As http_send for status 200, compressed if the client takes gzip and the body is large enough.
 * The same headers for HEAD as for GET. */
void http_gzip_send(struct http_exchange *exchange, const struct json_writer *body);
