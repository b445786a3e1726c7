"""The pages: an edge; nothing imports it but the command line.

In: the last run of a project, its configuration and books. Out: pages, tables, and JSON, over HTTP
or as files. Grain: one page a module of `web/pages/`, one figure a cell. Conserves: amounts are
those of `statements`, in minor units that tie (R23), or exact sums. Nothing is ever written.

The way of a request: `access/` says who asks; `shelf.py` which run; `visible.py` what of it they
may see, which is all that a page ever reads; `asked.py` what was asked for; then a module of
`pages/` makes a `Page`, and `answer.py` gives it the form that was asked for.
"""
