/* Any bytes may come from the network: parsing them as a DNS answer must not crash, leak or read
 * out of bounds. */
#include "services/common/fuzz/fuzz.h"
#include "services/dnschecks/resolver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dns_type types[] = {DNS_MX, DNS_A, DNS_AAAA};
    struct arena *arena = arena_new(4096);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct dns_answer answer = dns_answer_parse(arena, types[i], data, size);
        check(answer.n_records <= DNS_RECORDS_MAX);
        check((answer.status == DNS_OK) == (answer.n_records > 0));
    }
    arena_free(arena);
    return 0;
}
