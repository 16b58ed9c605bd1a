#include "gateway/security_headers.h"

static void add_common(struct http_exchange *exchange)
{
    http_add_header(exchange, "X-Content-Type-Options", "nosniff");
    http_add_header(exchange, "Referrer-Policy", "no-referrer");
    http_add_header(exchange, "Cross-Origin-Resource-Policy", "same-origin");
    if (exchange->request.is_tls) {
        http_add_header(exchange, "Strict-Transport-Security", "max-age=31536000");
    }
}

void security_headers_add_api(struct http_exchange *exchange)
{
    http_add_header(exchange, "Content-Security-Policy",
                    "default-src 'none'; frame-ancestors 'none'");
    http_add_header(exchange, "Cache-Control", "no-store");
    add_common(exchange);
}

void security_headers_add_page(struct http_exchange *exchange)
{
    http_add_header(exchange, "Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "
                    "data:; font-src 'self'; "
                    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
                    "frame-ancestors 'none'; require-trusted-types-for 'script'; "
                    "trusted-types vue");
    http_add_header(exchange, "X-Frame-Options", "DENY");
    http_add_header(exchange, "Cross-Origin-Opener-Policy", "same-origin");
    http_add_header(exchange, "Permissions-Policy",
                    "accelerometer=(), camera=(), display-capture=(), geolocation=(), "
                    "gyroscope=(), microphone=(), midi=(), payment=(), "
                    "publickey-credentials-create=(self), publickey-credentials-get=(self), "
                    "serial=(), usb=()");
    add_common(exchange);
}
