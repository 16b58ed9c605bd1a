/* Certificates for TCP connections between processes; unix sockets are always plaintext, their mode
 * is their guard. */
#pragma once

/* PEM text. Both sides show `cert` and accept only what `ca` has signed. */
struct rpc_tls {
    const char *cert;
    const char *key;
    const char *ca;
};

struct grpc_server_credentials;
struct grpc_channel_credentials;

/* New credentials; tls NULL: plaintext. NULL if the PEM cannot be read. For the server every client
 * needs a certificate. Private to rpc. */
struct grpc_server_credentials *tls_server_credentials(const struct rpc_tls *tls);
struct grpc_channel_credentials *tls_channel_credentials(const struct rpc_tls *tls);
