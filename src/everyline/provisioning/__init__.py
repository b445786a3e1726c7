"""Provisioning: cost is met before it exists.

In: plans, manifests and gateway keys, and the configuration. Out: `resources`, who will own each
planned thing, and a problem for each that would become cost without an owner. Grain: one planned
thing. Conserves: every thing that a file plans is judged, or counted with the reason why not.
"""
