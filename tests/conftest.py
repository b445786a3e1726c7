"""Makes the modules beside it importable in all tests, and sets how examples are drawn."""

from hypothesis import HealthCheck, settings

# The same examples on every machine, and no clock: a slow machine fails nothing.
settings.register_profile(
    "everyline",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("everyline")
