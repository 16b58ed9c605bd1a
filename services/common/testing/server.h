/* A server process beside the test, with a guardian that outlives the test and cleans up after it.
 */
#pragma once

#include <stdbool.h>

enum { SERVER_MAX_ARGS = 48 };

struct server {
    const char *program; /* absolute path */
    const char *args[SERVER_MAX_ARGS];
    int stop_signal; /* ends it at once, its children included */
    int control;     /* to the guardian */
};

/* A new directory, owned by who runs the servers. Removed by the guardian. */
const char *server_directory(void);
/* Runs a program as the servers' user and waits for it; false if it fails. Its output goes to `log`
 * in the directory. */
bool server_run(const char *program, const char *const *args, const char *log);
/* Starts the guardian, which starts the server. Output as above. */
void server_open(struct server *server, const char *log);
/* Kills the server and waits for its end. */
void server_stop(struct server *server);
void server_start(struct server *server);
/* Prints the message and the log and ends the program. */
void server_fail(const char *log, const char *message) __attribute__((noreturn));
