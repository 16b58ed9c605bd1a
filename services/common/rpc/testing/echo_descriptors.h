#pragma once

#include <stddef.h>

extern const unsigned char echo_descriptor_set[];
extern const size_t echo_descriptor_set_len;
