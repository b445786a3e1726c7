"""Questions that several edges put to a published run: the command line, pages and the API alike.

In: a run. Out: sums and names as data, for whoever shows them. Grain: said by each. Conserves:
figures are exact; nothing is rounded here.
"""
