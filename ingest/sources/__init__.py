"""One module a source; each declares `SOURCES`, a tuple of `ingest.source.Source`."""
