#include "services/common/list/list.h"

#include <openssl/evp.h>
#include <string.h>

#include "services/common/list/page_token.h"

/* Of an address. */
enum { SEARCH_MAX_BYTES = 254 };

/* What a request means for one list. */
struct plan {
    const struct pg_list *list;
    size_t ordering;
    bool is_descending;
    int64_t page_size;
    uint8_t fingerprint[PAGE_TOKEN_FINGERPRINT_BYTES];
    struct page_token after; /* only if has_after */
    bool has_after;
};

const struct error *list_check_search(struct call *call, const char *search)
{
    if (strlen(search) > SEARCH_MAX_BYTES) {
        return error_on_field(call->arena, REASON_FIELD_TOO_LONG, "search", "At most %d bytes.",
                              SEARCH_MAX_BYTES);
    }
    return NULL;
}

const struct error *list_page_size(struct call *call, int32_t asked, int64_t *ret_size)
{
    if (asked < 0) {
        return error_on_field(call->arena, REASON_FIELD_INVALID, "page_size",
                              "Must not be negative.");
    }
    *ret_size = asked == 0                   ? LIST_PAGE_SIZE_DEFAULT
                : asked > LIST_PAGE_SIZE_MAX ? LIST_PAGE_SIZE_MAX
                                             : asked;
    return NULL;
}

static const struct error *choose_ordering(struct call *call, const char *asked, struct plan *plan)
{
    const char *name = asked;

    plan->is_descending = asked && asked[0] == '-';
    if (plan->is_descending) {
        name++;
    }
    if (!asked || !*asked) {
        plan->ordering = 0;
        return NULL;
    }
    for (size_t i = 0; i < plan->list->n_orderings; i++) {
        if (strcmp(name, plan->list->orderings[i]) == 0) {
            plan->ordering = i;
            return NULL;
        }
    }
    return error_on_field(call->arena, REASON_ORDERING_UNKNOWN, "ordering",
                          "This list cannot be ordered by that.");
}

static void digest(EVP_MD_CTX *ctx, const void *data, size_t len)
{
    uint64_t size = len;

    /* With its length, so that two neighbours cannot be cut otherwise. */
    check(EVP_DigestUpdate(ctx, &size, sizeof(size)) == 1 && EVP_DigestUpdate(ctx, data, len) == 1);
}

static void digest_text(EVP_MD_CTX *ctx, const char *text)
{
    digest(ctx, text ? text : "", text ? strlen(text) : 0);
}

static void digest_arg(EVP_MD_CTX *ctx, const struct pg_arg *arg)
{
    const char *const *texts = arg->data;

    digest_text(ctx, arg->name);
    digest(ctx, &arg->kind, sizeof(arg->kind));
    switch (arg->kind) {
    case PG_NULL:
        return;
    case PG_INT64:
    case PG_BOOL:
    case PG_TIME_US:
        digest(ctx, &arg->number, sizeof(arg->number));
        return;
    case PG_TEXT:
        digest_text(ctx, arg->data);
        return;
    case PG_BYTES:
        digest(ctx, arg->data, arg->len);
        return;
    case PG_INT64S:
        digest(ctx, arg->data, arg->len * sizeof(int64_t));
        return;
    case PG_TEXTS:
        for (size_t i = 0; i < arg->len; i++) {
            digest_text(ctx, texts[i]);
        }
        return;
    }
}

static void clear_field(ProtobufCMessage *message, const char *name)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    void *member;

    if (!field || field->label == PROTOBUF_C_LABEL_REPEATED) {
        return;
    }
    member = (char *)message + field->offset;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        *(char **)member = NULL;
    } else if (field->type == PROTOBUF_C_TYPE_INT32) {
        *(int32_t *)member = 0;
    } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
        *(protobuf_c_boolean *)member = 0;
    }
}

/* The request's filters without what says which page and how. */
static void digest_message(struct call *call, EVP_MD_CTX *ctx, const ProtobufCMessage *message)
{
    static const char *const paging[] = {"page_size", "page_token", "ordering", "count"};
    ProtobufCMessage *copy;
    uint8_t *packed;

    if (!message) {
        return;
    }
    copy = arena_memdup(call->arena, message, message->descriptor->sizeof_message);
    for (size_t i = 0; i < sizeof(paging) / sizeof(paging[0]); i++) {
        clear_field(copy, paging[i]);
    }
    packed = arena_alloc(call->arena, protobuf_c_message_get_packed_size(copy));
    digest(ctx, packed, protobuf_c_message_pack(copy, packed));
}

static void take_fingerprint(struct call *call, const struct pg_args *filters,
                             uint8_t ret_fingerprint[PAGE_TOKEN_FINGERPRINT_BYTES])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t hash[EVP_MAX_MD_SIZE];

    check(ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1);
    digest(ctx, &call->identity->account_id, sizeof(call->identity->account_id));
    digest_text(ctx, call->identity->role);
    for (size_t i = 0; filters && i < filters->n_extra; i++) {
        digest_arg(ctx, &filters->extra[i]);
    }
    digest_message(call, ctx, filters ? filters->message : NULL);
    check(EVP_DigestFinal_ex(ctx, hash, NULL) == 1);
    EVP_MD_CTX_free(ctx);
    memcpy(ret_fingerprint, hash, PAGE_TOKEN_FINGERPRINT_BYTES);
}

static const struct error *token_is_invalid(struct call *call)
{
    return error_on_field(call->arena, REASON_PAGE_TOKEN_INVALID, "page_token",
                          "This page token is not for this list, filter, ordering and caller.");
}

static const struct error *read_token(struct call *call, const char *text, struct plan *plan)
{
    struct page_token *after = &plan->after;

    plan->has_after = text && *text;
    if (!plan->has_after) {
        return NULL;
    }
    if (page_token_decode(call->arena, plan->list->name, text, after) &&
        after->ordering == plan->ordering && after->is_descending == plan->is_descending &&
        memcmp(after->fingerprint, plan->fingerprint, sizeof(after->fingerprint)) == 0) {
        return NULL;
    }
    return token_is_invalid(call);
}

static const struct error *fetch(struct call *call, const struct plan *plan,
                                 const struct pg_args *filters,
                                 const ProtobufCMessageDescriptor *descriptor,
                                 struct list_page *page)
{
    size_t n_filters = filters ? filters->n_extra : 0;
    struct pg_arg *extra = arena_alloc(call->arena, (n_filters + 3) * sizeof(*extra));
    struct pg_args args = {.message = filters ? filters->message : NULL, .extra = extra};
    size_t variant = plan->ordering * 4 + (plan->is_descending ? 2 : 0) + (plan->has_after ? 1 : 0);

    /* First, so that a filter message's own `limit` does not count. */
    extra[args.n_extra++] = pg_int64("limit", plan->page_size + 1);
    if (plan->has_after) {
        extra[args.n_extra++] = plan->after.key;
        extra[args.n_extra++] = plan->after.id;
    }
    for (size_t i = 0; i < n_filters; i++) {
        extra[args.n_extra++] = filters->extra[i];
    }
    return pg_all(call->pg, &plan->list->variants[variant], &args, descriptor, &page->n,
                  &page->messages);
}

static int64_t timestamp_us(const ProtobufCMessage *timestamp)
{
    const ProtobufCFieldDescriptor *fields = timestamp->descriptor->fields;
    int64_t seconds = *(const int64_t *)(const void *)((const char *)timestamp + fields[0].offset);
    int32_t nanos = *(const int32_t *)(const void *)((const char *)timestamp + fields[1].offset);

    return seconds * 1000000 + nanos / 1000;
}

/* A field's value as it is compared with. An absent time is before all times. */
static const struct error *value_of(struct call *call, const ProtobufCMessage *message,
                                    const char *name, struct pg_arg *ret_value)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    const void *member = field ? (const char *)message + field->offset : NULL;
    const ProtobufCMessage *inner;

    switch (field && field->label != PROTOBUF_C_LABEL_REPEATED ? (int)field->type : -1) {
    case PROTOBUF_C_TYPE_STRING:
        *ret_value =
            pg_text(name, *(const char *const *)member ? *(const char *const *)member : "");
        if (strlen(ret_value->data) > PAGE_TOKEN_KEY_MAX_BYTES) {
            return error_internal(call->arena, "%s is too long to order by", name);
        }
        return NULL;
    case PROTOBUF_C_TYPE_INT32:
        *ret_value = pg_int64(name, *(const int32_t *)member);
        return NULL;
    case PROTOBUF_C_TYPE_INT64:
        *ret_value = pg_int64(name, *(const int64_t *)member);
        return NULL;
    case PROTOBUF_C_TYPE_BOOL:
        *ret_value = pg_bool(name, *(const protobuf_c_boolean *)member);
        return NULL;
    case PROTOBUF_C_TYPE_MESSAGE:
        inner = *(const ProtobufCMessage *const *)member;
        *ret_value = inner ? pg_time_us(name, timestamp_us(inner)) : pg_text(name, "-infinity");
        return NULL;
    default:
        return error_internal(call->arena, "%s of %s cannot be ordered by", name,
                              message->descriptor->name);
    }
}

static const struct error *make_token(struct call *call, const struct plan *plan,
                                      const ProtobufCMessage *last, char **ret_text)
{
    struct page_token token = {
        .ordering = (uint8_t)plan->ordering,
        .is_descending = plan->is_descending,
    };
    const struct error *err;

    memcpy(token.fingerprint, plan->fingerprint, sizeof(token.fingerprint));
    err = value_of(call, last, plan->list->orderings[plan->ordering], &token.key);
    if (err) {
        return err;
    }
    err = value_of(call, last, plan->list->key ? plan->list->key : "id", &token.id);
    if (err) {
        return err;
    }
    *ret_text = page_token_encode(call->arena, plan->list->name, &token);
    return NULL;
}

static const struct error *make_plan(struct call *call, const struct list_request *request,
                                     const struct pg_args *filters, struct plan *plan)
{
    const struct error *err = list_page_size(call, request->page_size, &plan->page_size);

    if (err) {
        return err;
    }
    err = choose_ordering(call, request->ordering, plan);
    if (err) {
        return err;
    }
    take_fingerprint(call, filters, plan->fingerprint);
    return read_token(call, request->page_token, plan);
}

static const struct error *run(struct call *call, struct plan *plan, const struct pg_args *filters,
                               const ProtobufCMessageDescriptor *descriptor,
                               struct list_page *ret_page)
{
    struct list_page page = {.next_page_token = (char *)(uintptr_t) ""};
    const struct error *err = fetch(call, plan, filters, descriptor, &page);

    if (err) {
        return err;
    }
    if (page.n > (size_t)plan->page_size) {
        page.n = (size_t)plan->page_size;
        err = make_token(call, plan, page.messages[page.n - 1], &page.next_page_token);
        if (err) {
            return err;
        }
    }
    *ret_page = page;
    return NULL;
}

const struct error *list_run(struct call *call, const struct pg_list *list,
                             const struct list_request *request, const struct pg_args *filters,
                             const ProtobufCMessageDescriptor *descriptor,
                             struct list_page *ret_page)
{
    struct plan plan = {.list = list};
    const struct error *err = make_plan(call, request, filters, &plan);

    return err ? err : run(call, &plan, filters, descriptor, ret_page);
}

/* The argument under the name that the statements of a list have for it. */
static struct pg_arg named(const char *name, struct pg_arg value)
{
    value.name = name;
    return value;
}

const struct error *list_run_after(struct call *call, const struct pg_list *list,
                                   const struct list_request *request,
                                   const struct list_position *after, const struct pg_args *filters,
                                   const ProtobufCMessageDescriptor *descriptor,
                                   struct list_page *ret_page)
{
    const struct list_request first = {request->page_size, "", request->ordering};
    struct plan plan = {.list = list};
    const struct error *err = make_plan(call, &first, filters, &plan);

    if (err) {
        return err;
    }
    plan.has_after = true;
    plan.after.key = named("after_key", after->key);
    plan.after.id = named("after_id", after->id);
    return run(call, &plan, filters, descriptor, ret_page);
}

const struct error *list_token_read(struct call *call, const char *list,
                                    const struct pg_args *filters, const char *page_token,
                                    const struct list_position **ret_position)
{
    uint8_t fingerprint[PAGE_TOKEN_FINGERPRINT_BYTES];
    struct page_token token;
    struct list_position position;

    if (!page_token || !*page_token) {
        *ret_position = NULL;
        return NULL;
    }
    take_fingerprint(call, filters, fingerprint);
    if (!page_token_decode(call->arena, list, page_token, &token) ||
        memcmp(token.fingerprint, fingerprint, sizeof(fingerprint)) != 0) {
        return token_is_invalid(call);
    }
    position = (struct list_position){.key = token.key, .id = token.id};
    *ret_position = arena_memdup(call->arena, &position, sizeof(position));
    return NULL;
}

char *list_token_make(struct call *call, const char *list, const struct pg_args *filters,
                      const struct list_position *position)
{
    struct page_token token = {.key = position->key, .id = position->id};

    take_fingerprint(call, filters, token.fingerprint);
    return page_token_encode(call->arena, list, &token);
}
