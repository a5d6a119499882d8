"""Fetching: what the public sources hold, as files that `citerx ingest` reads.

`plan` (the records), `layouts` (one module per service: what there is to fetch), `client` (polite HTTP), `download`
(one file done right), `paging` (answers in pages), `ledger` (what a folder holds), `run` (all together).
"""
