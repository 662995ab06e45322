"""Neighbours: models of other libraries made ours, and ours theirs. Each is imported only when it is asked for."""
