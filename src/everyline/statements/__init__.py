"""Statements: the showback document, exact amounts and the minor units they are shown in (R23).

In: `allocations`. Out: `statements`. Grain: owner, method, pool, layer, provider, issuer, service.
Conserves: exact BilledCost and EffectiveCost; rounded lines sum to owners, owners to issuers.
"""
