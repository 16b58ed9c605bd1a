#include "services/roostctl/run.h"

#include <string.h>

#include "services/common/message/message.h"
#include "services/roostctl/request.h"

enum { PAGE_SIZE = 1000 };

static void *member(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (char *)message + field->offset;
}

/* All pages, unless the user asked for one by --page_size. */
static const struct error *run_list(struct session *session, const struct route *route,
                                    ProtobufCMessage *request, const struct output_options *options)
{
    const ProtobufCFieldDescriptor *page_size = message_field(request->descriptor, "page_size");
    const ProtobufCFieldDescriptor *page_token = message_field(request->descriptor, "page_token");
    bool one_page = *(int32_t *)member(request, page_size) != 0;
    struct output_list list = {.options = *options};
    const struct error *err =
        output_list_begin(&list, session_arena(session), route->list->descriptor);
    if (err) {
        return err;
    }
    if (!one_page) {
        *(int32_t *)member(request, page_size) = PAGE_SIZE;
    }
    for (;;) {
        ProtobufCMessage *response;
        err = session_call(session, route->rpc, request, &response);
        if (err) {
            return err;
        }
        size_t n = *(const size_t *)((const char *)response + route->list->quantifier_offset);
        output_list_page(&list, session_arena(session),
                         *(ProtobufCMessage ***)member(response, route->list), n);
        char *next = *(char **)member(response, route->next_page_token);
        if (one_page || !*next) {
            output_list_end(&list);
            return NULL;
        }
        *(char **)member(request, page_token) = next;
    }
}

const struct error *run_command(struct session *session, const struct command *command,
                                size_t n_words, char *const *words,
                                const struct output_options *options)
{
    ProtobufCMessage *request;
    const struct error *err =
        request_build(session_arena(session), command, n_words, words, &request);
    if (err) {
        return err;
    }
    if (command->route->list) {
        return run_list(session, command->route, request, options);
    }
    ProtobufCMessage *response;
    err = session_call(session, command->route->rpc, request, &response);
    if (err) {
        return err;
    }
    if (strcmp(response->descriptor->name, "google.protobuf.Empty") != 0) {
        output_message(options, session_arena(session), response);
    }
    return NULL;
}
