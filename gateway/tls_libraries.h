/*
 * Makes TLS work in civetweb as Debian builds it. It opens "libssl.so" and "libcrypto.so" while it
 * runs, names that only the development package has, and calls a function that OpenSSL 3 has under
 * another name; without it the first TLS connection would end the process. So two small libraries
 * of these names, which bring the real ones, are loaded before: they are parts of the program
 * (tls/), and the loader takes what it has by that name already.
 */
#pragma once

#include <stdbool.h>

/* From main, before civetweb starts with TLS. False after an error in the log. */
bool tls_libraries_load(void);
