"""The commands of ``python -m fastmlp``, one module each."""
