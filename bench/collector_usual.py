"""A collector written the usual way, to be measured beside ours: paho-mqtt, json, influxdb-client's Point and batching.

`python -m bench.collector_usual MQTT_PORT SINK_PORT`. It keeps nothing on disk and evaluates no rule.
"""

import json
import sys
from typing import Any

from influxdb_client import InfluxDBClient, Point, WriteOptions, WritePrecision
from paho.mqtt import client as mqtt


def main(mqtt_port: int, sink_port: int) -> None:
    """Subscribe and write until killed."""
    influx = InfluxDBClient(url=f"http://127.0.0.1:{sink_port}", token="bench", org="bench")
    writer = influx.write_api(write_options=WriteOptions(batch_size=1000, flush_interval=200))

    def on_message(_client: Any, _data: Any, message: Any) -> None:
        body = json.loads(message.payload)
        device = message.topic.rsplit("/", 1)[1]
        point = Point("hydrant").tag("device", device).tag("site", "bench")
        point.field("pressure", float(body["pressure_kpa"])).field("battery", float(body["battery"]))
        writer.write("bench", "bench", point.time(body["ts"], WritePrecision.MS), write_precision=WritePrecision.MS)

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "usual", clean_session=False)
    client.on_message = on_message
    client.on_connect = lambda c, *_: c.subscribe("standpipe/hydrant_json/+", qos=1)
    client.connect("127.0.0.1", mqtt_port)
    client.loop_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
