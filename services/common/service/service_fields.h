/* The configuration that all services have. Private to the frame. */
#pragma once

#include "services/common/service/service.h"

/* For serving, and the part of it that `migrate` reads. */
enum service_fields_use { SERVICE_FIELDS_SERVE, SERVICE_FIELDS_MIGRATE };

enum { SERVICE_MAX_FIELDS = 24, SERVICE_N_PEERS = 5 };

extern const char *const service_peer_names[SERVICE_N_PEERS];

/* The table with the defaults of this service. Returns the number of fields written. */
size_t service_fields(const char *service, enum service_fields_use use,
                      struct config_field fields[SERVICE_MAX_FIELDS]);
