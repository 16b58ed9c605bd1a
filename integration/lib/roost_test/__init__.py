"""What the tests of the whole system share: a stack of their own, clients for everything it speaks, checks."""
