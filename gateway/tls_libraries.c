#include "gateway/tls_libraries.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/tls/crypto_library.h"
#include "gateway/tls/ssl_library.h"
#include "services/common/log/log.h"

enum { PATH_MAX_BYTES = 32 };

static bool write_all(int fd, const unsigned char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0) {
            return false;
        }
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* It stays loaded and open for the life of the process: the loader knows libraries by their paths,
 * and this one has the descriptor's number in it. */
static bool load(const char *name, const unsigned char *data, size_t len)
{
    char path[PATH_MAX_BYTES];
    int fd = memfd_create(name, MFD_CLOEXEC);
    bool good = fd >= 0 && write_all(fd, data, len);
    const char *fault = good ? NULL : strerror(errno);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (good && !dlopen(path, RTLD_NOW | RTLD_GLOBAL)) {
        good = false;
        fault = dlerror();
    }
    if (!good) {
        log_error("tls.failed", log_str("library", name), log_str("cause", fault));
    }
    return good;
}

bool tls_libraries_load(void)
{
    return load("libcrypto.so", crypto_library, crypto_library_len) &&
           load("libssl.so", ssl_library, ssl_library_len);
}
