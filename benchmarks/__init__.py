"""What Tertib costs, beside what one would otherwise use: `python -m benchmarks` measures it and writes the page."""
