/* What civetweb lacks, for all who serve with it. */
#pragma once

struct mg_context;

/* mg_stop without its wait: civetweb looks only every 2 s whether it has to stop, unless somebody
 * knocks. `listen`: the listening_ports that it was started with. */
void civetweb_stop(struct mg_context *context, const char *listen);
/* Connects to the first of those ports and hangs up. */
void civetweb_knock(const char *listen);
