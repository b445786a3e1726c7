"""Coverage: how much cost the bill tagged, and how much has an owner by which evidence (R22).

In: `allocations`. Out: `coverage`, sums from which ratios are worked out where they are shown.
Grain: key, layer, provider, account, tag state and evidence.
Conserves: EffectiveCost and x_CoverageCost, once for each key; estimated cost is left out.
"""
