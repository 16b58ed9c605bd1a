#include "services/accounts/throttle.h"

#include <arpa/inet.h>
#include <string.h>

#include "services/accounts/secret.h"
#include "services/common/clock/clock.h"
#include "services/common/redis/redis.h"

enum { KNOWN_FOR_S = 30 * 24 * 3600, GATE_MS = 2000 };

/*
 * KEYS account pair address known; ARGV now_ms account_tries address_tries gate_until_ms ttl_s.
 * Answers {wait_ms, is_known}. Once the free tries are used up, a try in progress holds the gate:
 * one at a time.
 */
static const char begin_script[] =
    "local now = tonumber(ARGV[1])\n"
    "local known = redis.call('EXISTS', KEYS[4])\n"
    "local account = known == 1 and KEYS[2] or KEYS[1]\n"
    "local wait = 0\n"
    "for _, key in ipairs({account, KEYS[3]}) do\n"
    "  local until_ms = tonumber(redis.call('HGET', key, 'until') or '0')\n"
    "  wait = math.max(wait, until_ms - now)\n"
    "end\n"
    "if wait > 0 then return {wait, known} end\n"
    "for key, tries in pairs({[account] = tonumber(ARGV[2]), [KEYS[3]] = tonumber(ARGV[3])}) do\n"
    "  if redis.call('HINCRBY', key, 'n', 1) > tries then\n"
    "    redis.call('HSET', key, 'until', ARGV[4])\n"
    "  end\n"
    "  redis.call('EXPIRE', key, ARGV[5])\n"
    "end\n"
    "return {0, known}\n";

/* KEYS account address; ARGV now_ms account_tries address_tries first_wait_ms max_wait_ms. */
static const char fail_script[] =
    "local now, first, max = tonumber(ARGV[1]), tonumber(ARGV[4]), tonumber(ARGV[5])\n"
    "for i = 1, 2 do\n"
    "  local over = tonumber(redis.call('HGET', KEYS[i], 'n') or '0') - tonumber(ARGV[i + 1])\n"
    "  if over >= 0 then\n"
    "    local wait = math.min(max, first * 2 ^ math.min(over, 40))\n"
    "    redis.call('HSET', KEYS[i], 'until', string.format('%.0f', now + wait))\n"
    "  end\n"
    "end\n"
    "return 0\n";

/* KEYS account address known; ARGV known_for_s gate_until_ms. Opens the gate if it is still this
 * try's. */
static const char succeed_script[] = "redis.call('DEL', KEYS[1])\n"
                                     "if redis.call('EXISTS', KEYS[2]) == 1 then\n"
                                     "  redis.call('HINCRBY', KEYS[2], 'n', -1)\n"
                                     "  if redis.call('HGET', KEYS[2], 'until') == ARGV[2] then "
                                     "redis.call('HDEL', KEYS[2], 'until') end\n"
                                     "end\n"
                                     "redis.call('SET', KEYS[3], '1', 'EX', ARGV[1])\n"
                                     "return 0\n";

static const char *number(struct call *call, int64_t value)
{
    return arena_printf(call->arena, "%lld", (long long)value);
}

static const char *key_of(struct call *call, const char *kind, const char *text)
{
    return arena_printf(call->arena, "roost:throttle:%s:%s", kind,
                        secret_sha256_hex(call->arena, text));
}

/* One client has a whole /64 of IPv6; anything that is no address counts as one place. */
static const char *place_of(struct call *call, const char *address)
{
    struct in6_addr ip6;
    struct in_addr ip4;
    char text[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET, address, &ip4) == 1) {
        return arena_strdup(call->arena, address);
    }
    if (inet_pton(AF_INET6, address, &ip6) != 1) {
        return "elsewhere";
    }
    if (IN6_IS_ADDR_V4MAPPED(&ip6)) {
        memcpy(&ip4, ip6.s6_addr + 12, sizeof ip4);
        return arena_strdup(call->arena, inet_ntop(AF_INET, &ip4, text, sizeof text));
    }
    memset(ip6.s6_addr + 8, 0, 8);
    return arena_strdup(call->arena, inet_ntop(AF_INET6, &ip6, text, sizeof text));
}

static const char *account_key_of(const struct throttle_try *try)
{
    return try->is_known ? try->pair_key : try->account_key;
}

const struct error *throttle_begin(struct call *call, const struct throttle_limits *limits,
                                   const char *username, const char *address,
                                   struct throttle_try *ret_try)
{
    const char *place = place_of(call, address);
    const char *pair = arena_printf(call->arena, "%s %s", place, username);
    struct throttle_try try = {.limits = limits,
                               .account_key = key_of(call, "account", username),
                               .pair_key = key_of(call, "pair", pair),
                               .address_key = key_of(call, "address", place),
                               .known_key = key_of(call, "known", pair),
                               .gate_until_ms = clock_wall_us() / 1000 + GATE_MS};
    struct redis_reply reply;
    const struct error *err =
        REDIS_COMMAND(call->redis, &reply, "EVAL", begin_script, "4", try.account_key, try.pair_key,
                      try.address_key, try.known_key, number(call, try.gate_until_ms - GATE_MS),
                      number(call, limits->account_tries), number(call, limits->address_tries),
                      number(call, try.gate_until_ms), number(call, limits->max_wait_ms / 500 + 1));
    if (err) {
        return err;
    }
    if (reply.kind != REDIS_ARRAY || reply.n_items != 2) {
        return error_internal(call->arena, "the throttle's script answers %d", (int)reply.kind);
    }
    int64_t wait_ms = reply.items[0].integer;
    if (wait_ms > 0) {
        err = error_new(call->arena, REASON_LOGIN_THROTTLED,
                        "Request was throttled. Expected available in %lld seconds.",
                        (long long)(wait_ms + 999) / 1000);
        return error_with_retry_after(call->arena, err, wait_ms);
    }
    try.is_known = reply.items[1].integer == 1;
    *ret_try = try;
    return NULL;
}

const struct error *throttle_fail(struct call *call, const struct throttle_try *try)
{
    const struct throttle_limits *limits = try->limits;
    struct redis_reply reply;
    return REDIS_COMMAND(call->redis, &reply, "EVAL", fail_script, "2", account_key_of(try),
                         try->address_key, number(call, clock_wall_us() / 1000),
                         number(call, limits->account_tries), number(call, limits->address_tries),
                         number(call, limits->first_wait_ms), number(call, limits->max_wait_ms));
}

const struct error *throttle_succeed(struct call *call, const struct throttle_try *try)
{
    struct redis_reply reply;
    return REDIS_COMMAND(call->redis, &reply, "EVAL", succeed_script, "3", account_key_of(try),
                         try->address_key, try->known_key, number(call, KNOWN_FOR_S),
                         number(call, try->gate_until_ms));
}
