/* `accounts bootstrap`: the first administrator. */
#pragma once

/* Reads ROOST_DATABASE_URL, ROOST_ADMIN and ROOST_ADMIN_PASSWORD(_FILE) from the environment and
 * creates that SuperAdmins account, unless there is a SuperAdmins account already. Prints what it
 * did; returns the exit status. */
int bootstrap_main(int argc, char **argv);
