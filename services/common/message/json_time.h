/* RFC 3339 text <-> seconds and nanoseconds since 1970, for the years 1 to 9999. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_TIME_MAX = 31 }; /* "2024-01-31T12:00:00.123456789Z" and a NUL */

/* Whether it can be told as text; what a client of gRPC sends may be anything. */
bool json_time_is_valid(int64_t seconds, int32_t nanos);
/* False if it is no RFC 3339 date-time with an offset. A leap second is refused. */
bool json_time_parse(const char *text, size_t len, int64_t *ret_seconds, int32_t *ret_nanos);
/* UTC, with 0, 6 or 9 digits of a second. Returns the length, 0 if it is out of range. */
size_t json_time_format(int64_t seconds, int32_t nanos, char ret_text[JSON_TIME_MAX]);
