"""A whole run: goes through everybody, freezes what is due, and accounts for it afterwards."""
