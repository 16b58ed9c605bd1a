#include "gateway/http_gzip.h"

#include <string.h>
#include <zlib.h>

enum {
    LEVEL = 1, /* half the time of level 6, for a tenth more bytes */
    WINDOW_BITS = 15,
    AS_GZIP = 16,
    MEMORY_LEVEL = 8,
};

/* False: it does not become smaller, or there is no memory. */
static bool compress_body(const struct json_writer *body, struct json_writer *ret_smaller)
{
    z_stream stream = {0};
    size_t len = body->len - HTTP_HEAD_ROOM;
    if (deflateInit2(&stream, LEVEL, Z_DEFLATED, WINDOW_BITS + AS_GZIP, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return false;
    }
    char *data = arena_alloc(body->arena, HTTP_HEAD_ROOM + len);
    stream.next_in = (unsigned char *)body->data + HTTP_HEAD_ROOM;
    stream.avail_in = (unsigned)len;
    stream.next_out = (unsigned char *)data + HTTP_HEAD_ROOM;
    stream.avail_out = (unsigned)len;
    bool is_smaller = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    size_t out_len = stream.total_out;
    deflateEnd(&stream);
    if (is_smaller) {
        *ret_smaller = (struct json_writer){
            .arena = body->arena,
            .data = data,
            .len = HTTP_HEAD_ROOM + out_len,
            .capacity = HTTP_HEAD_ROOM + len,
        };
    }
    return is_smaller;
}

void http_gzip_send(struct http_exchange *exchange, const struct json_writer *body)
{
    struct json_writer smaller;
    if (body->len - HTTP_HEAD_ROOM < HTTP_GZIP_LEAST_BYTES) {
        http_send(exchange, 200, body);
        return;
    }
    http_add_header(exchange, "Vary", "Accept-Encoding");
    if (http_accepts_coding(http_header(&exchange->request, "accept-encoding"), "gzip") &&
        compress_body(body, &smaller)) {
        http_add_header(exchange, "Content-Encoding", "gzip");
        http_send(exchange, 200, &smaller);
    } else {
        http_send(exchange, 200, body);
    }
}
