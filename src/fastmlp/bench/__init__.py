"""What this machine can do, and how near to it fastmlp comes, beside its peers (``python -m fastmlp bench``).

Nothing here is imported by fastmlp itself; `benchmarks/` of the sources is made of it, too.
"""
