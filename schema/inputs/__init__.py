"""What clients send, one module per domain."""
