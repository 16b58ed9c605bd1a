#include "services/common/rpc/tls.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <stddef.h>

struct grpc_server_credentials *tls_server_credentials(const struct rpc_tls *tls)
{
    if (!tls) {
        return grpc_insecure_server_credentials_create();
    }
    const grpc_ssl_pem_key_cert_pair pair = {.private_key = tls->key, .cert_chain = tls->cert};
    grpc_ssl_server_certificate_config *config =
        grpc_ssl_server_certificate_config_create(tls->ca, &pair, 1);
    if (!config) {
        return NULL;
    }
    grpc_ssl_server_credentials_options *options =
        grpc_ssl_server_credentials_create_options_using_config(
            GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, config);
    return options ? grpc_ssl_server_credentials_create_with_options(options) : NULL;
}

struct grpc_channel_credentials *tls_channel_credentials(const struct rpc_tls *tls)
{
    if (!tls) {
        return grpc_insecure_credentials_create();
    }
    grpc_ssl_pem_key_cert_pair pair = {.private_key = tls->key, .cert_chain = tls->cert};
    return grpc_ssl_credentials_create(tls->ca, &pair, NULL, NULL);
}
