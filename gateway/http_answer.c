/* Sending answers. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gateway/http.h"
#include "services/common/clock/clock.h"

enum { DATE_MAX = 40, LENGTH_MAX = 24, BODY_FIRST_BYTES = 8192 };

struct http_answer_header {
    struct http_answer_header *next;
    const char *name;
    const char *value;
};

const char *http_phrase(int status)
{
    static const struct {
        int status;
        const char *text;
    } phrases[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (phrases[i].status == status) {
            return phrases[i].text;
        }
    }
    return "";
}

static bool is_clean(const char *value)
{
    for (; *value; value++) {
        if ((unsigned char)*value < 0x20 || *value == 0x7f) {
            return false;
        }
    }
    return true;
}

void http_add_header(struct http_exchange *exchange, const char *name, const char *value)
{
    if (!is_clean(value)) {
        return;
    }
    struct http_answer_header *header = arena_alloc(exchange->arena, sizeof(*header));
    header->name = name;
    header->value = value;
    if (exchange->last_header) {
        *exchange->last_header = header;
    } else {
        exchange->first_header = header;
    }
    exchange->last_header = &header->next;
}

struct json_writer http_body_writer(struct arena *arena)
{
    return (struct json_writer){
        .arena = arena,
        .data = arena_alloc(arena, BODY_FIRST_BYTES),
        .len = HTTP_HEAD_ROOM,
        .capacity = BODY_FIRST_BYTES,
    };
}

static char *put_two_digits(char *to, int number)
{
    *to++ = (char)('0' + number / 10 % 10);
    *to++ = (char)('0' + number % 10);
    return to;
}

static char *put_name(char *to, const char *names, int index)
{
    memcpy(to, names + 3 * index, 3);
    return to + 3;
}

/* "Date: Sun, 06 Nov 1994 08:49:37 GMT". By hand: strftime asks the file system for the time zone
 * each time. */
static void put_date(struct json_writer *head)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char date[DATE_MAX] = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    time_t now = (time_t)(clock_wall_us() / 1000000);
    struct tm tm;
    if (!gmtime_r(&now, &tm)) {
        return;
    }
    put_name(date + 6, days, tm.tm_wday);
    put_two_digits(date + 11, tm.tm_mday);
    put_name(date + 14, months, tm.tm_mon);
    put_two_digits(put_two_digits(date + 18, (tm.tm_year + 1900) / 100), tm.tm_year);
    put_two_digits(date + 23, tm.tm_hour);
    put_two_digits(date + 26, tm.tm_min);
    put_two_digits(date + 29, tm.tm_sec);
    json_raw(head, date, strlen(date));
}

static void put_text(struct json_writer *head, const char *text)
{
    json_raw(head, text, strlen(text));
}

static void put_header(struct json_writer *head, const char *name, const char *value)
{
    put_text(head, name);
    json_raw(head, ": ", 2);
    put_text(head, value);
    json_raw(head, "\r\n", 2);
}

/* The head of an answer whose body has body_len bytes; -1: in chunks. */
static struct json_writer make_head(struct http_exchange *exchange, int status, int64_t body_len)
{
    struct json_writer head = {.arena = exchange->arena};
    char number[LENGTH_MAX];
    bool is_old = strcmp(exchange->request.version, "1.0") == 0;
    if (exchange->request.content_length > 0 && !exchange->is_body_read) {
        exchange->closes = true;
    }
    if ((body_len < 0 && is_old) || exchange->io->is_draining(exchange->io->ctx)) {
        exchange->closes = true;
    }
    snprintf(number, sizeof(number), "HTTP/1.1 %d ", status);
    put_text(&head, number);
    put_text(&head, http_phrase(status));
    json_raw(&head, "\r\n", 2);
    put_date(&head);
    for (const struct http_answer_header *header = exchange->first_header; header;
         header = header->next) {
        put_header(&head, header->name, header->value);
    }
    put_header(&head, "X-Request-Id", exchange->request_id);
    if (body_len >= 0 && status != 204 && status != 304) {
        snprintf(number, sizeof(number), "%lld", (long long)body_len);
        put_header(&head, "Content-Length", number);
    } else if (body_len < 0 && !is_old) {
        put_header(&head, "Transfer-Encoding", "chunked");
    }
    if (exchange->closes) {
        put_header(&head, "Connection", "close");
        exchange->io->close_afterwards(exchange->io->ctx);
    } else if (is_old) {
        put_header(&head, "Connection", "keep-alive");
    }
    json_raw(&head, "\r\n", 2);
    exchange->status = status;
    return head;
}

static bool write_all(struct http_exchange *exchange, const char *data, size_t len)
{
    if (!exchange->is_broken && !exchange->io->write(exchange->io->ctx, data, len)) {
        exchange->is_broken = true;
        exchange->io->close_afterwards(exchange->io->ctx);
    }
    exchange->sent_bytes += exchange->is_broken ? 0 : (int64_t)len;
    return !exchange->is_broken;
}

/* Writes `before`, then the body of `writer` after its room; in one write if `before` fits into the
 * room. */
static bool write_with(struct http_exchange *exchange, const struct json_writer *before,
                       const struct json_writer *writer)
{
    if (before->len > HTTP_HEAD_ROOM) {
        return write_all(exchange, before->data, before->len) &&
               write_all(exchange, writer->data + HTTP_HEAD_ROOM, writer->len - HTTP_HEAD_ROOM);
    }
    size_t start = HTTP_HEAD_ROOM - before->len;
    if (before->len > 0) {
        memcpy(writer->data + start, before->data, before->len);
    }
    return write_all(exchange, writer->data + start, writer->len - start);
}

void http_send(struct http_exchange *exchange, int status, const struct json_writer *body)
{
    int64_t len = body ? (int64_t)(body->len - HTTP_HEAD_ROOM) : 0;
    struct json_writer head = make_head(exchange, status, len);
    if (exchange->is_head || len == 0) {
        write_all(exchange, head.data, head.len);
    } else {
        write_with(exchange, &head, body);
    }
}

void http_send_bytes(struct http_exchange *exchange, int status, const void *data, size_t len)
{
    struct json_writer head = make_head(exchange, status, (int64_t)len);
    if (!exchange->is_head && len > 0 && head.len + len <= HTTP_HEAD_BYTES_MAX) {
        json_raw(&head, data, len);
        write_all(exchange, head.data, head.len);
        return;
    }
    if (write_all(exchange, head.data, head.len) && !exchange->is_head && len > 0) {
        write_all(exchange, data, len);
    }
}

bool http_stream_begin(struct http_exchange *exchange, int status)
{
    struct json_writer head = make_head(exchange, status, -1);
    exchange->is_streaming = true;
    return write_all(exchange, head.data, head.len);
}

bool http_stream_write(struct http_exchange *exchange, struct json_writer *piece)
{
    size_t len = piece->len - HTTP_HEAD_ROOM;
    struct json_writer before = {.arena = piece->arena};
    char size[LENGTH_MAX];
    if (len == 0 || exchange->is_head) {
        return !exchange->is_broken;
    }
    if (strcmp(exchange->request.version, "1.0") != 0) {
        snprintf(size, sizeof(size), "%zx\r\n", len);
        put_text(&before, size);
        json_raw(piece, "\r\n", 2);
    }
    return write_with(exchange, &before, piece);
}

void http_stream_end(struct http_exchange *exchange)
{
    if (!exchange->is_head && strcmp(exchange->request.version, "1.0") != 0) {
        write_all(exchange, "0\r\n\r\n", 5);
    }
}

void http_stream_abort(struct http_exchange *exchange)
{
    exchange->is_broken = true;
    exchange->io->close_afterwards(exchange->io->ctx);
}
