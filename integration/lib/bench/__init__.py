"""integration/bench: measurements beside their floors."""
