/* Lists: bare JSON arrays, a page at a time or whole. */
#pragma once

#include "gateway/rest_call.h"
#include "gateway/url.h"

/* Answers a call of a list route. With page_size or page_token in the query one page, with a Link
 * to the next; without, everything, page by page, in memory of two pages. */
void rest_list_serve(const struct rest_call *rest, const struct url_query *query);
