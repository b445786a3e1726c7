"""In: `groups`, `usage`, listed invoices. Out: `reconciliation`: what was expected, and found.

Grain: one measure of one subject. Conserves: nothing is moved; differences are the finding, and
`causes`, worked out where somebody asks, sums to the invoice.
"""
