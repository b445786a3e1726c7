"""Makes the modules beside it importable in all tests, and sets how examples are drawn."""

import os

from hypothesis import HealthCheck, Phase, settings

# One thread each, as workers run beside one another. That threads change nothing is a property.
os.environ.setdefault("EVERYLINE_THREADS", "1")

pytest_plugins = ("browser", "company")

# The same examples on every machine, and no clock: a slow machine fails nothing. Making a failing
# example smaller takes minutes, so it is asked for: `--hypothesis-profile=small`.
_EVERYWHERE = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("small", _EVERYWHERE)
settings.register_profile("everyline", _EVERYWHERE, phases=[Phase.explicit, Phase.generate])
settings.load_profile("everyline")
