#include "services/mailboxes/mailbox.h"

#include <string.h>

#include "services/common/error/error.h"

/* The last code point: no address holds it, and every address is before it. */
#define AFTER_ALL_TEXT "\xf4\x8f\xbf\xbf"

char *mailbox_home_of_address(struct arena *arena, const char *domain, const char *local_part)
{
    return arena_printf(arena, "%s/%s", domain, local_part);
}

struct mailbox_range mailbox_range_of_prefix(struct arena *arena, const char *prefix)
{
    char *from = arena_strdup(arena, prefix ? prefix : "");
    for (char *c = from; *c; c++) {
        if (*c >= 'A' && *c <= 'Z') {
            *c += 'a' - 'A';
        }
    }
    return (struct mailbox_range){from, arena_printf(arena, "%s" AFTER_ALL_TEXT, from)};
}

int64_t mailbox_operation_pause_ms(int64_t attempts, int64_t first_ms, int64_t max_ms)
{
    int64_t pause_ms = first_ms;
    for (int64_t i = 1; i < attempts && pause_ms < max_ms; i++) {
        pause_ms *= 2;
    }
    return pause_ms < max_ms ? pause_ms : max_ms;
}

char *mailbox_address_with_extension(struct arena *arena, const char *address,
                                     const char *extension)
{
    const char *at = strchr(address, '@');
    check(at);
    return arena_printf(arena, "%.*s%s%s", (int)(at - address), address, extension, at);
}
