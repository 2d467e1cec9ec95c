from hypothesis import HealthCheck, settings

# As in tests/claude.
settings.register_profile("diffing", deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("diffing")
