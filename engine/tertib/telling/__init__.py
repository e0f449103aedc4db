"""How things are told to people: text that may come from a stranger, money, times, changes, runs; in their language."""
