"""What a rule can say: documents, conditions, queries, actions, templates, and the words about their mistakes.

Everything here is pure: no clock, no network, no database; tables of the API come in as arguments.
"""
