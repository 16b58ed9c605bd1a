#include "services/mailbox_agent/mail_path.h"

#include <string.h>

static bool fail(const char **ret_fault, const char *sentence)
{
    *ret_fault = sentence;
    return false;
}

static bool has_control_character(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f) {
            return true;
        }
    }
    return false;
}

bool mail_path_parse(struct arena *arena, const char *text, struct mail_path *ret_path,
                     const char **ret_fault)
{
    struct mail_path path = {.text = text};
    if (strlen(text) > MAIL_PATH_MAX_BYTES) {
        return fail(ret_fault, "the path is too long");
    }
    if (has_control_character(text)) {
        return fail(ret_fault, "the path holds control characters");
    }
    const char *part = text;
    for (;;) {
        size_t len = strcspn(part, "/");
        /* Also ".", ".." and the agent's own trash. */
        if (len == 0 || part[0] == '.') {
            return fail(ret_fault, "the path has an empty or hidden part");
        }
        if (len > MAIL_PATH_MAX_PART_BYTES || path.n == MAIL_PATH_MAX_PARTS) {
            return fail(ret_fault, "the path is too long");
        }
        path.parts[path.n++] = arena_strndup(arena, part, len);
        if (part[len] == '\0') {
            break;
        }
        part += len + 1;
    }
    if (path.n < 2) {
        return fail(ret_fault, "the path does not name a mailbox");
    }
    *ret_path = path;
    return true;
}
