"""In: `groups` and `usage`. Out: `reconciliation`: what was billed beside what was seen.

Grain: one measure of one subject. Conserves: nothing is moved; differences are the finding.
"""
