/* A path that is taken means one directory at least two levels below the root, and is made of its
 * parts. */
#include <string.h>

#include "services/common/error/error.h"
#include "services/common/fuzz/fuzz.h"
#include "services/mailbox_agent/mail_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(4096);
    const char *text = arena_strndup(arena, (const char *)data, size);
    struct mail_path path;
    const char *fault;
    if (mail_path_parse(arena, text, &path, &fault)) {
        size_t len = path.n - 1;
        check(path.n >= 2 && path.n <= MAIL_PATH_MAX_PARTS);
        for (size_t i = 0; i < path.n; i++) {
            check(path.parts[i][0] != '\0' && path.parts[i][0] != '.' &&
                  !strchr(path.parts[i], '/'));
            len += strlen(path.parts[i]);
        }
        check(len == strlen(text));
    }
    arena_free(arena);
    return 0;
}
