"""One module per upstream system; nothing outside this folder speaks HTTP to an upstream.

`http` is the only module that knows which HTTP library does.
"""
