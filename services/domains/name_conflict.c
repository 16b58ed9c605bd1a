#include "services/domains/name_conflict.h"

#include "services/common/pg/pg.h"

enum { RETRY_AFTER_MS = 1000 };

static const char domain_exists[] = "domain with this name already exists.";
static const char alias_exists[] = "domain alias with this name already exists";

const struct error *name_conflict_explain(struct arena *arena, const struct error *err,
                                          const char *field)
{
    const struct pg_constraint constraints[] = {
        {"domain_name_is_domain", REASON_DOMAIN_EXISTS, field, domain_exists},
        {"domain_name_is_reserved", REASON_DOMAIN_EXISTS, field, domain_exists},
        {"domain_name_is_alias", REASON_DOMAIN_ALIAS_EXISTS, field, alias_exists},
        {"domain_name_is_pending", REASON_REQUEST_IN_PROGRESS, NULL,
         "A domain with this name is just being created."},
    };
    err = pg_explain(arena, err, constraints, sizeof constraints / sizeof *constraints);
    if (error_is(err, REASON_REQUEST_IN_PROGRESS)) {
        err = error_with_retry_after(arena, err, RETRY_AFTER_MS);
    }
    return err;
}
