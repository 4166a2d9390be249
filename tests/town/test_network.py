"""The network is the same every time, and agrees with the registry file."""

from collections import Counter

from standpipe.town import site_file
from standpipe.town.network import Town, build_town


def test_the_same_seed_gives_the_same_town(town: Town) -> None:
    assert build_town() == town


def test_another_seed_gives_another_town(town: Town) -> None:
    assert build_town(seed=1).inp != town.inp


def test_every_zone_has_fifteen_hydrants_with_names_of_their_own(town: Town) -> None:
    assert Counter(hydrant.zone for hydrant in town.hydrants) == {
        "riverside": 15,
        "old-town": 15,
        "logistics": 15,
        "hill": 15,
    }
    assert len({hydrant.en for hydrant in town.hydrants}) == 60
    assert len({hydrant.zh for hydrant in town.hydrants}) == 60


def test_hydrants_lie_within_two_kilometres_of_each_other(town: Town) -> None:
    latitudes = [hydrant.latitude for hydrant in town.hydrants]
    longitudes = [hydrant.longitude for hydrant in town.hydrants]
    assert max(latitudes) - min(latitudes) < 0.02
    assert max(longitudes) - min(longitudes) < 0.025


def test_a_lane_hangs_on_one_narrow_pipe(town: Town) -> None:
    for_lane = {hydrant.id for hydrant in town.lane("old-town")}
    feeding = [pipe for pipe in town.pipes if pipe.end in for_lane and pipe.start not in for_lane]
    assert [pipe.diameter for pipe in feeding] == [100]


def test_registry_file_is_what_the_network_says(town: Town) -> None:
    assert site_file.FILE.read_text(encoding="utf-8") == site_file.render(town)
