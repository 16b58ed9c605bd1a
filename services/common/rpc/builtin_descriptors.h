/* The FileDescriptorSet of grpc.health.v1 and grpc.reflection v1 and v1alpha. Private to rpc. */
#pragma once

#include <stddef.h>

extern const unsigned char builtin_descriptor_set[];
extern const size_t builtin_descriptor_set_len;
