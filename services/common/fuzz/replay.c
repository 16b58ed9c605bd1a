/* Feeds a corpus to a fuzz target: the arguments are its files. For a longer run build the target
 * with libFuzzer. */
#include <stdio.h>
#include <stdlib.h>

#include "services/common/fuzz/fuzz.h"

enum { INPUT_MAX_BYTES = 1 << 20 };

/* Each input in memory of exactly its size, so that a sanitizer sees a read past its end. */
static int replay(const char *path, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy) {
        fprintf(stderr, "%s: out of memory\n", path);
        return 1;
    }
    for (size_t i = 0; i < len; i++) {
        copy[i] = bytes[i];
    }
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
    return 0;
}

static int replay_file(const char *path)
{
    static uint8_t bytes[INPUT_MAX_BYTES];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    size_t len = fread(bytes, 1, sizeof bytes, file);
    int failed = ferror(file) || !feof(file);
    fclose(file);
    if (failed) {
        fprintf(stderr, "%s: unreadable or longer than %d bytes\n", path, INPUT_MAX_BYTES);
        return 1;
    }
    return replay(path, bytes, len);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (replay_file(argv[i])) {
            return 1;
        }
    }
    printf("%d inputs\n", argc - 1);
    return argc > 1 ? 0 : 1;
}
