/** Where a Kafka log is: kafka://HOST:PORT[,HOST:PORT…]/CLUSTER */
export interface KafkaUrl {
  /** host:port, comma separated. */
  readonly bootstrap: string;
  /** Nodes of one name are one cluster. */
  readonly cluster: string;
}

/** Throws TypeError that names what is wrong. */
export function parseKafkaUrl(url: string): KafkaUrl {
  const parts = /^kafka:\/\/([^/]+)\/([^/]*)$/.exec(url);
  const [, bootstrap = '', cluster = ''] = parts ?? [];
  if (parts === null) throw new TypeError(`${url} is not of the form kafka://HOST:PORT[,HOST:PORT…]/CLUSTER`);
  for (const broker of bootstrap.split(',')) {
    const [, port = ''] = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):(\d+)$/.exec(broker) ?? [];
    if (port === '' || Number(port) < 1 || Number(port) > 65_535) {
      throw new TypeError(`${url}: "${broker}" is not of the form HOST:PORT`);
    }
  }
  // It becomes part of a topic's name; Kafka takes 249 characters.
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(cluster)) {
    throw new TypeError(`${url}: a cluster name has 1 to 200 letters, digits, dots, dashes or underscores`);
  }
  return { bootstrap, cluster };
}
