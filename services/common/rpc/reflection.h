/* Answers of server reflection from a serialized FileDescriptorSet, which is scanned, not unpacked.
 * Pure. Private to rpc. */
#pragma once

#include "grpc/reflection/v1/reflection.pb-c.h"
#include "services/common/arena/arena.h"

/* Several sets seen as one; a file in two of them is taken from the first. */
struct reflection_set {
    const uint8_t *data;
    size_t len;
};

struct reflection_source {
    struct reflection_set sets[2];
    const char *const *services; /* names of what is served */
    size_t n_services;
};

/* The answer to one request; v1alpha has the same messages under another name. */
Grpc__Reflection__V1__ServerReflectionResponse *reflection_answer(
    struct arena *arena, const struct reflection_source *source,
    const Grpc__Reflection__V1__ServerReflectionRequest *request);
