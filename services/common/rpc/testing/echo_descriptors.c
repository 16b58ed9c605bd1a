#include "services/common/rpc/testing/echo_descriptors.h"

const unsigned char echo_descriptor_set[] = {
#include "services/common/rpc/testing/echo_descriptors.inc"
};
const size_t echo_descriptor_set_len = sizeof(echo_descriptor_set);
