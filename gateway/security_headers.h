/* What every answer tells the browser. */
#pragma once

#include "gateway/http.h"

/* For the API: nothing may be loaded, framed or cached. */
void security_headers_add_api(struct http_exchange *exchange);
/* For pages and what they load: only from here, no inline script, no framing. */
void security_headers_add_page(struct http_exchange *exchange);
