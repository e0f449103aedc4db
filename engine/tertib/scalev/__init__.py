"""Speak to Scalev: what its documents say (`contract`), reading and writing (`client`), and the request budget."""
