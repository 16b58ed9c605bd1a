/* What a taken name means to the caller. */
#pragma once

#include "services/common/error/error.h"

/* `err` explained on `field`: DOMAIN_EXISTS, DOMAIN_ALIAS_EXISTS, or REQUEST_IN_PROGRESS where the
 * name's domain is not there yet; any other error, and NULL, as it is. */
MUST_USE const struct error *name_conflict_explain(struct arena *arena, const struct error *err,
                                                   const char *field);
