/* "libcrypto.so" for civetweb; see tls_libraries.h. Nothing but the library that it needs. */
extern const int crypto_name_is_empty;
const int crypto_name_is_empty = 1;
