"""Who asks: what stands before every page.

In: a request as it came, and the section `serve` of the configuration. Out: a `Viewer`, or an
answer in its place. Grain: one request. Conserves: nothing is shown to whom it can't name, and each
access has its line in the audit before it is answered.
"""
