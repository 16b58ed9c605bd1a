#include "services/common/rpc/builtin_descriptors.h"

const unsigned char builtin_descriptor_set[] = {
#include "services/common/rpc/builtin_descriptors.inc"
};
const size_t builtin_descriptor_set_len = sizeof(builtin_descriptor_set);
