"""The whole road with a real InfluxDB 1.6.7 in place of the embedded database: only the settings differ."""

from pathlib import Path

import pytest

from bench.rig import Rig, detector_frame, eventually


@pytest.mark.integration
async def test_a_fire_and_a_pressure_reach_a_real_influxdb_and_the_page_reads_them_back(
    influxdb: str, tmp_path: Path
) -> None:
    extra = f'[influx]\nurl = "{influxdb}"\nversion = "1"\n'
    async with Rig(tmp_path / "rig", hydrants=1, detectors=1, extra=extra) as rig:
        await rig.transmitter.send(detector_frame(1, 0, status=2))
        await rig.ingest([{"device": "H-0", "pressure_mpa": 0.217, "battery": 81}])
        assert await eventually(rig.drained)
        pressure = await rig.query("SELECT pressure, battery FROM hydrant WHERE device = 'H-0' AND site = 'rig'")
        fire = await rig.query('SELECT signal_fire, "zone" FROM fire_component')
        assert rig.supervisor.pid("tsdb") is None
        page = await rig.client.get(f"http://{rig.settings.alerting.listen}/hydrants/H-0?lang=en")
    assert [row[1:] for row in pressure[0]["values"]] == [[217.0, 81]]
    assert [row[1:] for row in fire[0]["values"]] == [[True, "fire-0"]]
    assert page.status_code == 200
    assert "217" in page.text
