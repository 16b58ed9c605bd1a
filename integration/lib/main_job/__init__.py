"""The story that the whole system exists for, step by step; each step module has run(story)."""
