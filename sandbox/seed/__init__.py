"""The operator "Lumaro": tables of what it sells, in English and German, and the code that turns them into documents.

Nothing here reads a clock or a random source; the same tables give the same documents on every machine.
"""
