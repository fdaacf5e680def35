"""Batching within a request and across requests, caching in process and in Redis. Reads only."""
