"""integration/run: all parts of the test, one after the other."""
