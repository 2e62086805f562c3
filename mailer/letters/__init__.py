"""What a message says, and its very bytes."""
