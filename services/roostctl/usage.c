#include "services/roostctl/usage.h"

#include <string.h>

#include "services/roostctl/roostctl_config.h"

/* The value of "--NAME VALUE" or "--NAME=VALUE" at *first, which is moved on; NULL if something
 * else is there. */
static const char *take_option(int argc, char **argv, int *first, const char *name)
{
    const char *word = *first < argc ? argv[*first] : "";
    size_t len = strlen(name);
    if (strncmp(word, name, len) != 0 || (word[len] != '\0' && word[len] != '=')) {
        return NULL;
    }
    *first += 1;
    if (word[len] == '=') {
        return word + len + 1;
    }
    *first += 1;
    return *first <= argc ? argv[*first - 1] : "";
}

static bool take_format(const char *value, struct output_options *options)
{
    if (strcmp(value, "json") != 0 && strcmp(value, "table") != 0) {
        fprintf(stderr, "roostctl: --output wants table or json\n");
        return false;
    }
    options->format = strcmp(value, "json") == 0 ? OUTPUT_JSON : OUTPUT_TABLE;
    return true;
}

static bool take_columns(const char *value, struct output_options *options)
{
    if (!*value) {
        fprintf(stderr, "roostctl: --columns wants names with commas between, or all\n");
        return false;
    }
    options->columns = value;
    return true;
}

static bool is_of_use(const struct output_options *options)
{
    if (options->columns && options->format == OUTPUT_JSON) {
        fprintf(stderr, "roostctl: --columns is for tables; JSON has everything\n");
        return false;
    }
    return true;
}

bool usage_take_options(int argc, char **argv, int *first, struct output_options *options)
{
    for (;;) {
        const char *value = take_option(argc, argv, first, "--output");
        if (value) {
            if (!take_format(value, options)) {
                return false;
            }
            continue;
        }
        value = take_option(argc, argv, first, "--columns");
        if (!value) {
            return is_of_use(options);
        }
        if (!take_columns(value, options)) {
            return false;
        }
    }
}

void usage_print(FILE *out, const char *noun)
{
    struct arena *arena = arena_new(4096);
    size_t n;
    const struct command *commands = commands_all(arena, &n);
    fprintf(out,
            "Usage: roostctl [OPTION...] NOUN VERB [ID] [--FLAG VALUE ...]\n"
            "       roostctl NOUN VERB --help\n\nOptions:\n"
            "  --output table|json               For people (the default), or for scripts.\n"
            "  --columns NAME,...|all            What a list shows; as much as the terminal has "
            "room for if not given.\n"
            "\nCommands:\n");
    commands_print(out, commands, n, noun);
    if (!noun) {
        fprintf(
            out,
            "\nFor the operator of the machine:\n"
            "  fsck [--wait SECONDS]             Looks for anything half done or contradictory.\n"
            "  mail migrate                      Brings schema mail up to date.\n"
            "  postfix-maps --destdir DIR        Writes Postfix's map files (--force-overwrite).\n"
            "  dovecot-conf --destdir DIR        Writes Dovecot's configuration "
            "(--force-overwrite).\n"
            "\nEnvironment:\n");
        config_print_help(roostctl_config_fields, roostctl_n_config_fields, out);
    }
    arena_free(arena);
}

void usage_unknown(FILE *out, const struct command *commands, size_t n, const char *noun)
{
    bool known = false;
    for (size_t i = 0; i < n; i++) {
        known |= strcmp(commands[i].noun, noun) == 0;
    }
    fprintf(out, "roostctl: there is no such command; these are:\n");
    commands_print(out, commands, n, known ? noun : NULL);
}

void usage_print_error(FILE *out, const struct error *err)
{
    if (!err) {
        return;
    }
    fprintf(out, "roostctl: %s: %s\n", err->reason, err->detail);
    for (size_t i = 0; i < err->n_fields; i++) {
        fprintf(out, "  %s: %s\n", err->fields[i].field, err->fields[i].message);
    }
    if (err->retry_after_ms > 0) {
        fprintf(out, "  try again in %lld s\n", (long long)(err->retry_after_ms + 999) / 1000);
    }
}
