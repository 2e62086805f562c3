"""What falls due for whom: from the plan and what was told before to digests."""
