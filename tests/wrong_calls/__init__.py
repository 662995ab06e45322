"""Wrong calls across the API, in tables: what is called, what it raises, what was expected and got, how to mend it."""
