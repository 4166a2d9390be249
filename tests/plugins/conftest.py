"""What the plugin tests share: the catalogue, loaded once."""

import pytest

from plugins.catalogue import Catalogue, load_catalogue


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()
