"""Gates of the web UI."""
