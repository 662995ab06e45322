"""Neighbours: other libraries' models as ours, and ours as theirs."""
