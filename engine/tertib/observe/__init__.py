"""Showing how serving goes to machines: metrics from the record, health, and a small server for both."""
