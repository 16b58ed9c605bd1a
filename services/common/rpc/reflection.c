#include "services/common/rpc/reflection.h"

#include <string.h>

#include "services/common/error/error.h"
#include "services/common/message/message.h"
#include "services/common/rpc/descriptor_scan.h"

enum {
    SET_FILE = 1,        /* FileDescriptorSet.file */
    FILE_DEPENDENCY = 3, /* FileDescriptorProto.dependency */
    MAX_FILES = 64,      /* in one answer */
    MAX_EXTENSIONS = 256,
};

/* Goes through all files of all sets. */
struct cursor {
    const struct reflection_source *source;
    size_t set;
    struct scan_bytes rest;
};

static bool next_file(struct cursor *cursor, struct scan_bytes *ret_file)
{
    size_t n_sets = sizeof(cursor->source->sets) / sizeof(cursor->source->sets[0]);
    while (!scan_next(&cursor->rest, SET_FILE, ret_file)) {
        if (cursor->set == n_sets) {
            return false;
        }
        const struct reflection_set *set = &cursor->source->sets[cursor->set++];
        cursor->rest = (struct scan_bytes){set->data, set->len};
    }
    return true;
}

static bool find_file(const struct reflection_source *source, struct scan_bytes name,
                      struct scan_bytes *ret_file)
{
    struct cursor cursor = {.source = source};
    while (next_file(&cursor, ret_file)) {
        struct scan_bytes found = scan_file_name(*ret_file);
        if (found.len == name.len && memcmp(found.data, name.data, name.len) == 0) {
            return true;
        }
    }
    return false;
}

static bool find_symbol(const struct reflection_source *source, const char *symbol,
                        struct scan_bytes *ret_file)
{
    struct cursor cursor = {.source = source};
    while (next_file(&cursor, ret_file)) {
        if (scan_file_defines(*ret_file, symbol)) {
            return true;
        }
    }
    return false;
}

struct number_search {
    int32_t wanted;
    bool found;
};

static bool is_not_wanted(void *ctx, int32_t number)
{
    struct number_search *search = ctx;
    search->found = search->found || number == search->wanted;
    return !search->found;
}

static bool find_extension(const struct reflection_source *source, const char *type, int32_t number,
                           struct scan_bytes *ret_file)
{
    struct number_search search = {.wanted = number};
    struct cursor cursor = {.source = source};
    while (!search.found && next_file(&cursor, ret_file)) {
        scan_extensions(*ret_file, type, is_not_wanted, &search);
    }
    return search.found;
}

/* The file and, breadth first, all that it imports, each once. */
static void answer_files(struct arena *arena, const struct reflection_source *source,
                         struct scan_bytes file,
                         Grpc__Reflection__V1__ServerReflectionResponse *answer)
{
    Grpc__Reflection__V1__FileDescriptorResponse *files =
        message_new(arena, &grpc__reflection__v1__file_descriptor_response__descriptor);
    files->file_descriptor_proto =
        arena_alloc(arena, MAX_FILES * sizeof(*files->file_descriptor_proto));
    files->file_descriptor_proto[files->n_file_descriptor_proto++] =
        (ProtobufCBinaryData){.len = file.len, .data = (uint8_t *)file.data};
    for (size_t i = 0; i < files->n_file_descriptor_proto; i++) {
        struct scan_bytes rest = {files->file_descriptor_proto[i].data,
                                  files->file_descriptor_proto[i].len};
        struct scan_bytes name, imported;
        while (files->n_file_descriptor_proto < MAX_FILES &&
               scan_next(&rest, FILE_DEPENDENCY, &name)) {
            if (!find_file(source, name, &imported)) {
                continue;
            }
            size_t known = 0;
            while (known < files->n_file_descriptor_proto &&
                   files->file_descriptor_proto[known].data != imported.data) {
                known++;
            }
            if (known == files->n_file_descriptor_proto) {
                files->file_descriptor_proto[files->n_file_descriptor_proto++] =
                    (ProtobufCBinaryData){.len = imported.len, .data = (uint8_t *)imported.data};
            }
        }
    }
    answer->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
    answer->file_descriptor_response = files;
}

static void answer_error(struct arena *arena, enum error_code code, const char *text,
                         Grpc__Reflection__V1__ServerReflectionResponse *answer)
{
    Grpc__Reflection__V1__ErrorResponse *error =
        message_new(arena, &grpc__reflection__v1__error_response__descriptor);
    error->error_code = (int32_t)code;
    error->error_message = (char *)text;
    answer->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
    answer->error_response = error;
}

static void answer_services(struct arena *arena, const struct reflection_source *source,
                            Grpc__Reflection__V1__ServerReflectionResponse *answer)
{
    Grpc__Reflection__V1__ListServiceResponse *list =
        message_new(arena, &grpc__reflection__v1__list_service_response__descriptor);
    list->service = arena_alloc(arena, source->n_services * sizeof(*list->service));
    for (size_t i = 0; i < source->n_services; i++) {
        list->service[i] = message_new(arena, &grpc__reflection__v1__service_response__descriptor);
        list->service[i]->name = (char *)source->services[i];
    }
    list->n_service = source->n_services;
    answer->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
    answer->list_services_response = list;
}

static bool add_number(void *ctx, int32_t number)
{
    Grpc__Reflection__V1__ExtensionNumberResponse *numbers = ctx;
    if (numbers->n_extension_number < MAX_EXTENSIONS) {
        numbers->extension_number[numbers->n_extension_number++] = number;
    }
    return numbers->n_extension_number < MAX_EXTENSIONS;
}

/* The two sets may hold the same file: its numbers are given once. */
static void remove_duplicates(Grpc__Reflection__V1__ExtensionNumberResponse *numbers)
{
    size_t n = 0;
    for (size_t i = 0; i < numbers->n_extension_number; i++) {
        size_t known = 0;
        while (known < n && numbers->extension_number[known] != numbers->extension_number[i]) {
            known++;
        }
        if (known == n) {
            numbers->extension_number[n++] = numbers->extension_number[i];
        }
    }
    numbers->n_extension_number = n;
}

static void answer_extension_numbers(struct arena *arena, const struct reflection_source *source,
                                     const char *type,
                                     Grpc__Reflection__V1__ServerReflectionResponse *answer)
{
    struct scan_bytes file;
    if (!find_symbol(source, type, &file)) {
        answer_error(arena, ERROR_NOT_FOUND, "Type not found.", answer);
        return;
    }
    Grpc__Reflection__V1__ExtensionNumberResponse *numbers =
        message_new(arena, &grpc__reflection__v1__extension_number_response__descriptor);
    numbers->base_type_name = (char *)type;
    numbers->extension_number =
        arena_alloc(arena, MAX_EXTENSIONS * sizeof(*numbers->extension_number));
    struct cursor cursor = {.source = source};
    while (next_file(&cursor, &file)) {
        scan_extensions(file, type, add_number, numbers);
    }
    remove_duplicates(numbers);
    answer->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ALL_EXTENSION_NUMBERS_RESPONSE;
    answer->all_extension_numbers_response = numbers;
}

Grpc__Reflection__V1__ServerReflectionResponse *reflection_answer(
    struct arena *arena, const struct reflection_source *source,
    const Grpc__Reflection__V1__ServerReflectionRequest *request)
{
    Grpc__Reflection__V1__ServerReflectionResponse *answer =
        message_new(arena, &grpc__reflection__v1__server_reflection_response__descriptor);
    answer->valid_host = request->host;
    answer->original_request = (Grpc__Reflection__V1__ServerReflectionRequest *)request;
    struct scan_bytes file;
    bool found = false;
    switch (request->message_request_case) {
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
        answer_services(arena, source, answer);
        return answer;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
        answer_extension_numbers(arena, source, request->all_extension_numbers_of_type, answer);
        return answer;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME: {
        const char *name = request->file_by_filename;
        found = find_file(source, (struct scan_bytes){(const uint8_t *)name, strlen(name)}, &file);
        break;
    }
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
        found = find_symbol(source, request->file_containing_symbol, &file);
        break;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
        found = find_extension(source, request->file_containing_extension->containing_type,
                               request->file_containing_extension->extension_number, &file);
        break;
    default:
        answer_error(arena, ERROR_INVALID_ARGUMENT, "The request asks for nothing.", answer);
        return answer;
    }
    if (found) {
        answer_files(arena, source, file, answer);
    } else {
        answer_error(arena, ERROR_NOT_FOUND, "Not found.", answer);
    }
    return answer;
}
