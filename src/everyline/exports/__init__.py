"""Documents made of a published run, for people and for programs that are not ours.

In: relations of one run. Out: documents as data, and as text, bytes or files. Grain: one value of
the lead key and one month. Conserves: the amounts of `statements` (R23), which are summed and never
rounded again.
"""
