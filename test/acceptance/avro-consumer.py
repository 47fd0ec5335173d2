"""
A consumer of the change log that knows nothing of Polylog: Confluent's Kafka client, its registry client and its Avro
deserializer. Reads one partition of a topic from its beginning to the end that it has now, and prints one JSON object for
each record: its full Avro name and its fields, every value with the Python type that the deserializer gave it.

python avro-consumer.py BOOTSTRAP TOPIC REGISTRY_URL
"""

import base64
import json
import sys

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext


def shown(value):
    """The value as JSON can hold it, beside the name of its type."""
    kind = type(value).__name__
    if value is None or isinstance(value, (bool, int, float, str)):
        return [kind, value]
    if isinstance(value, bytes):
        return [kind, base64.b64encode(value).decode()]
    if isinstance(value, dict):
        return {name: shown(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [kind, [shown(inner) for inner in value]]
    return [kind, value.isoformat() if hasattr(value, "isoformat") else str(value)]


def main():
    bootstrap, topic, registry_url = sys.argv[1:]
    registry = SchemaRegistryClient({"url": registry_url})
    # Without a reader's schema: what the writer's says.
    deserialize = AvroDeserializer(registry)
    context = SerializationContext(topic, MessageField.VALUE)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "plain", "enable.auto.commit": False})
    partition = TopicPartition(topic, 0, 0)
    _, end = consumer.get_watermark_offsets(partition, timeout=10)
    consumer.assign([partition])
    offset = -1
    while offset + 1 < end:
        for message in consumer.consume(500, timeout=10):
            if message.error():
                raise RuntimeError(message.error())
            offset = message.offset()
            value = message.value()
            if value is None or value[0:1] != b"\x00":
                continue
            schema_id = int.from_bytes(value[1:5], "big")
            name = json.loads(registry.get_schema(schema_id).schema_str)
            full_name = f"{name['namespace']}.{name['name']}"
            print(json.dumps({"offset": offset, "name": full_name, "event": shown(deserialize(value, context))}))
    consumer.close()


main()
