/* What the service does by itself. */
#pragma once

#include "services/common/service/service.h"

extern const struct service_task mailboxes_tasks[];
extern const size_t mailboxes_n_tasks;
