from hypothesis import HealthCheck, settings

# How long one example takes says more about the machine than about the product; where time matters a test measures it.
settings.register_profile("claude", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("claude")
