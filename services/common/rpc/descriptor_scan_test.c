#include "services/common/rpc/descriptor_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "google/protobuf/descriptor.pb-c.h"
#include "services/common/rpc/builtin_descriptors.h"

/* The file that extends: message Outer { extend .a.B { int32 x = 12; } message Inner { extend .a.B
 * { int32 y = 13; } } } and extend .a.B { int32 z = 11; } in package p. */
static struct scan_bytes extending_file(void)
{
    static uint8_t data[512];
    static Google__Protobuf__FieldDescriptorProto fields[3];
    for (int i = 0; i < 3; i++) {
        google__protobuf__field_descriptor_proto__init(&fields[i]);
        fields[i].name = (char *)(uintptr_t)(i == 0 ? "z" : i == 1 ? "x" : "y");
        fields[i].extendee = (char *)(uintptr_t) ".a.B";
        fields[i].has_number = 1;
        fields[i].number = 11 + i;
    }
    Google__Protobuf__FieldDescriptorProto *pointers[] = {&fields[0], &fields[1], &fields[2]};
    Google__Protobuf__DescriptorProto inner = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    inner.name = (char *)(uintptr_t) "Inner";
    inner.n_extension = 1;
    inner.extension = &pointers[2];
    Google__Protobuf__DescriptorProto *nested[] = {&inner};
    Google__Protobuf__DescriptorProto outer = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    outer.name = (char *)(uintptr_t) "Outer";
    outer.n_extension = 1;
    outer.extension = &pointers[1];
    outer.n_nested_type = 1;
    outer.nested_type = nested;
    Google__Protobuf__DescriptorProto *messages[] = {&outer};
    Google__Protobuf__FileDescriptorProto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    file.name = (char *)(uintptr_t) "p.proto";
    file.package = (char *)(uintptr_t) "p";
    file.n_message_type = 1;
    file.message_type = messages;
    file.n_extension = 1;
    file.extension = &pointers[0];
    return (struct scan_bytes){data, google__protobuf__file_descriptor_proto__pack(&file, data)};
}

static void symbols_are_found_at_every_depth(void **state)
{
    static const struct {
        const char *symbol;
        bool defined;
    } cases[] = {
        {"p.Outer", true},
        {"p.Outer.Inner", true},
        {"p.Outer.Inner.y", true},
        {"p.Outer.x", true},
        {"p.z", true},
        {"p", false},
        {"p.", false},
        {"p.Out", false},
        {"p.Outer.", false},
        {"p.Outer.y", false},
        {"Outer", false},
        {"", false},
        {"q.Outer", false},
        {"p.Outer.Inner.Inner", false},
    };
    struct scan_bytes file = extending_file();
    (void)state;
    assert_true(scan_is(scan_file_name(file), "p.proto"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (scan_file_defines(file, cases[i].symbol) != cases[i].defined) {
            fail_msg("%s", cases[i].symbol);
        }
    }
}

struct numbers {
    int32_t numbers[8];
    int n, limit;
};

static bool collect(void *ctx, int32_t number)
{
    struct numbers *all = ctx;
    all->numbers[all->n++] = number;
    return all->n < all->limit;
}

static void extensions_are_found_at_every_depth(void **state)
{
    struct numbers all = {.limit = 8};
    (void)state;
    scan_extensions(extending_file(), "a.B", collect, &all);
    assert_int_equal(all.n, 3);
    assert_int_equal(all.numbers[0] + all.numbers[1] + all.numbers[2], 11 + 12 + 13);
    all = (struct numbers){.limit = 2};
    scan_extensions(extending_file(), "a.B", collect, &all);
    assert_int_equal(all.n, 2);
    all = (struct numbers){.limit = 8};
    scan_extensions(extending_file(), ".a.B", collect, &all);
    assert_int_equal(all.n, 0);
}

static void cut_and_broken_bytes_end_the_scan(void **state)
{
    struct scan_bytes file = extending_file();
    uint8_t copy[512];
    (void)state;
    for (size_t len = 0; len < file.len; len++) {
        memcpy(copy, file.data, len);
        scan_file_defines((struct scan_bytes){copy, len}, "p.Outer.Inner.y");
        struct numbers all = {.limit = 8};
        scan_extensions((struct scan_bytes){copy, len}, "a.B", collect, &all);
    }
    for (size_t i = 0; i < file.len; i++) {
        memcpy(copy, file.data, file.len);
        copy[i] ^= 0xff;
        scan_file_defines((struct scan_bytes){copy, file.len}, "p.Outer.Inner.y");
    }
    static const uint8_t endless[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff};
    struct scan_bytes rest = {endless, sizeof(endless)};
    struct scan_bytes value;
    assert_false(scan_next(&rest, 1, &value));
}

static void the_server_s_own_services_are_described(void **state)
{
    struct scan_bytes rest = {builtin_descriptor_set, builtin_descriptor_set_len};
    struct scan_bytes file;
    int n = 0, n_found = 0;
    (void)state;
    while (scan_next(&rest, 1, &file)) {
        n++;
        n_found += scan_file_defines(file, "grpc.health.v1.Health.Check");
        n_found += scan_file_defines(file, "grpc.reflection.v1.ServerReflection");
        n_found += scan_file_defines(file, "grpc.reflection.v1alpha.ServerReflection");
    }
    assert_int_equal(n, 3);
    assert_int_equal(n_found, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symbols_are_found_at_every_depth),
        cmocka_unit_test(extensions_are_found_at_every_depth),
        cmocka_unit_test(cut_and_broken_bytes_end_the_scan),
        cmocka_unit_test(the_server_s_own_services_are_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
