/* Trying again what may be done twice, while its service is away for a moment. */
#pragma once

#include <stdbool.h>

#include "services/common/error/error.h"

enum { RETRY_MAX = 2 };

/* After a try that ended with `err`: true if it is worth another one, after a pause. `tries` counts
 * them, zero at first. False for success, for errors that stay, after RETRY_MAX retries, and when
 * the deadline is near. */
bool retry_after(const struct error *err, int *tries, int64_t deadline_us);
