"""Takes frozen messages out of the ledger and to the transport, each at most once."""
