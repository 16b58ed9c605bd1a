/* The life of the gateway's process: from its configuration to SIGTERM. */
#pragma once

/* "serve", the default; --help; --version. Returns the exit status. */
int run_gateway(int argc, char **argv);
