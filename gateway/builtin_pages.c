#include "gateway/builtin_pages.h"

#include "gateway/openapi.h"
#include "gateway/openapi_gzip.h"
#include "gateway/page_docs.h"
#include "gateway/page_docs_css.h"
#include "gateway/page_docs_js.h"
#include "gateway/page_welcome.h"

void builtin_pages_list(struct static_builtin ret_pages[BUILTIN_PAGES])
{
    static const char html[] = "text/html; charset=utf-8";
    const struct static_builtin pages[BUILTIN_PAGES] = {
        {.path = "/", .type = html, .data = page_welcome, .len = page_welcome_len},
        {.path = "/docs/api/", .type = html, .data = page_docs, .len = page_docs_len},
        {.path = "/docs/api/docs.css",
         .type = "text/css; charset=utf-8",
         .data = page_docs_css,
         .len = page_docs_css_len},
        {.path = "/docs/api/docs.js",
         .type = "text/javascript; charset=utf-8",
         .data = page_docs_js,
         .len = page_docs_js_len},
        {.path = "/docs/api/openapi.json",
         .type = "application/json",
         .data = openapi_json,
         .len = openapi_json_len,
         .gzip = openapi_gzip,
         .gzip_len = openapi_gzip_len},
    };
    for (size_t i = 0; i < BUILTIN_PAGES; i++) {
        ret_pages[i] = pages[i];
    }
}
