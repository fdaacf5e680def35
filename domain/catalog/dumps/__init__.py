"""The catalogue from a daily dump: read leniently, built aside as one SQLite file, switched atomically, rolled back.

A dump is one file or several, JSON array or NDJSON, plain or gzip. `load.load_dump` is the way in for new ones,
`generations.Generations` knows which one serves, `file.DumpFile` reads it.
"""
