"""Telling people what happened and what waits for them: from the record, once when it changes, and again as a reminder."""
