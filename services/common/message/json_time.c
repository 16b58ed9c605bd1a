#include "services/common/message/json_time.h"

#include <string.h>

enum { DAY_S = 86400, DIGITS_NANOS = 9, NANOS_PER_S = 1000000000 };

static const int64_t TIME_MIN = -62135596800; /* 0001-01-01T00:00:00Z */
static const int64_t TIME_MAX = 253402300799; /* 9999-12-31T23:59:59Z */

struct civil {
    int year, month, day;
};

/* Days since 1970-01-01 in the proleptic Gregorian calendar. Years start in March here, so a leap
 * day ends its year. */
static int64_t days_from_civil(struct civil date)
{
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static struct civil civil_from_days(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    return (struct civil){
        .year = (int)(year_of_era + era * 400) + (month <= 2 ? 1 : 0),
        .month = month,
        .day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

struct cursor {
    const char *at;
    const char *end;
};

static bool take_number(struct cursor *cursor, int digits, int *ret_number)
{
    int number = 0;
    if (cursor->end - cursor->at < digits) {
        return false;
    }
    for (int i = 0; i < digits; i++) {
        char c = *cursor->at++;
        if (c < '0' || c > '9') {
            return false;
        }
        number = number * 10 + (c - '0');
    }
    *ret_number = number;
    return true;
}

static bool take_char(struct cursor *cursor, const char *any_of)
{
    if (cursor->at == cursor->end || *cursor->at == '\0' || !strchr(any_of, *cursor->at)) {
        return false;
    }
    cursor->at++;
    return true;
}

static bool take_fraction(struct cursor *cursor, int32_t *ret_nanos)
{
    int32_t nanos = 0;
    int digits = 0;
    if (take_char(cursor, ".")) {
        while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9' &&
               digits < DIGITS_NANOS) {
            nanos = nanos * 10 + (*cursor->at++ - '0');
            digits++;
        }
        if (digits == 0) {
            return false;
        }
        for (; digits < DIGITS_NANOS; digits++) {
            nanos *= 10;
        }
    }
    *ret_nanos = nanos;
    return true;
}

static bool take_offset(struct cursor *cursor, int *ret_offset_s)
{
    int hours;
    int minutes;
    if (take_char(cursor, "Zz")) {
        *ret_offset_s = 0;
        return true;
    }
    bool west = cursor->at < cursor->end && *cursor->at == '-';
    if (!take_char(cursor, "+-") || !take_number(cursor, 2, &hours) || !take_char(cursor, ":") ||
        !take_number(cursor, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *ret_offset_s = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

bool json_time_is_valid(int64_t seconds, int32_t nanos)
{
    return seconds >= TIME_MIN && seconds <= TIME_MAX && nanos >= 0 && nanos < NANOS_PER_S;
}

bool json_time_parse(const char *text, size_t len, int64_t *ret_seconds, int32_t *ret_nanos)
{
    struct cursor cursor = {text, text + len};
    struct civil date;
    int hour;
    int minute;
    int second;
    int offset_s;
    int32_t nanos;
    if (!take_number(&cursor, 4, &date.year) || !take_char(&cursor, "-") ||
        !take_number(&cursor, 2, &date.month) || !take_char(&cursor, "-") ||
        !take_number(&cursor, 2, &date.day) || !take_char(&cursor, "Tt ") ||
        !take_number(&cursor, 2, &hour) || !take_char(&cursor, ":") ||
        !take_number(&cursor, 2, &minute) || !take_char(&cursor, ":") ||
        !take_number(&cursor, 2, &second) || !take_fraction(&cursor, &nanos) ||
        !take_offset(&cursor, &offset_s) || cursor.at != cursor.end) {
        return false;
    }
    if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > days_in_month(date.year, date.month) || hour > 23 || minute > 59 ||
        second > 59) {
        return false;
    }
    int64_t seconds = days_from_civil(date) * DAY_S + hour * 3600 + minute * 60 + second - offset_s;
    if (seconds < TIME_MIN || seconds > TIME_MAX) {
        return false;
    }
    *ret_seconds = seconds;
    *ret_nanos = nanos;
    return true;
}

static char *put_number(char *at, int number, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return at + digits;
}

static char *put_char(char *at, char c)
{
    *at = c;
    return at + 1;
}

size_t json_time_format(int64_t seconds, int32_t nanos, char ret_text[JSON_TIME_MAX])
{
    if (!json_time_is_valid(seconds, nanos)) {
        return 0;
    }
    int64_t days = seconds / DAY_S - (seconds % DAY_S < 0 ? 1 : 0);
    int second_of_day = (int)(seconds - days * DAY_S);
    struct civil date = civil_from_days(days);
    char *at = put_char(put_number(ret_text, date.year, 4), '-');
    at = put_char(put_number(at, date.month, 2), '-');
    at = put_char(put_number(at, date.day, 2), 'T');
    at = put_char(put_number(at, second_of_day / 3600, 2), ':');
    at = put_char(put_number(at, second_of_day / 60 % 60, 2), ':');
    at = put_number(at, second_of_day % 60, 2);
    if (nanos % 1000 != 0) {
        at = put_number(put_char(at, '.'), nanos, 9);
    } else if (nanos != 0) {
        at = put_number(put_char(at, '.'), nanos / 1000, 6);
    }
    at = put_char(at, 'Z');
    *at = '\0';
    return (size_t)(at - ret_text);
}
