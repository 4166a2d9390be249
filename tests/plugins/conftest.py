"""What the plugin tests share: the catalogue, loaded once."""

import pytest
from hypothesis import HealthCheck, settings

from plugins.catalogue import Catalogue, load_catalogue

settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()
