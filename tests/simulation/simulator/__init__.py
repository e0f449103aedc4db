"""A simulated shop, network, clock and set of processes around the real engine; one seed is one exact history."""
