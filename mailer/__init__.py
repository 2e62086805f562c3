"""Notices to mail: who is due what, frozen in a ledger, then delivered and recorded."""
