"""The local stack: everything that Roost needs on one machine, in one data directory."""
