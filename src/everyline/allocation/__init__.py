"""Allocation: which part of a group goes to whom (R20).

In: `owned_groups`. Out: `allocations`. Grain: one receiver's part of a group.
Conserves: every measure of every group, to the last of 18 decimals.
"""
