"""An embedded Scalev that behaves as the vendor's documents say; it imports nothing from the engine."""
