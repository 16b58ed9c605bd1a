/* What comes out of a database URL stands in configuration files: it must never add a line, and
 * must mean the same again. */
#include <string.h>

#include "services/common/error/error.h"
#include "services/common/fuzz/fuzz.h"
#include "services/mail/config_file.h"
#include "services/mail/database_url.h"

static void check_part(const char *part)
{
    check(!strpbrk(part, "\n\r"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(4096);
    struct database_url url;
    struct database_url again;
    const char *fault;
    const char *text = arena_strndup(arena, (const char *)data, size);
    if (database_url_parse(arena, text, &url, &fault)) {
        check_part(url.host);
        check_part(url.port);
        check_part(url.name);
        check_part(url.user);
        check_part(url.password);
        const char *formatted = database_url_format(arena, &url);
        check(
            strspn(formatted,
                   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%&/:=?@.-_~[]") ==
            strlen(formatted));
        check(database_url_parse(arena, formatted, &again, &fault));
        check(strcmp(url.password, again.password) == 0 && strcmp(url.host, again.host) == 0);
    }
    config_files_value(arena, text, "password");
    arena_free(arena);
    return 0;
}
