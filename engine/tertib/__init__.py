"""Rules-as-code for Scalev orders: load rules, plan what they would do, apply exactly that, explain it."""

__version__ = "0.1.0"
