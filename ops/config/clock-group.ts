/** Where beats of the cluster's time go to. */
export type ClockGroup =
  | { readonly kind: 'multicast'; readonly address: string; readonly port: number }
  | { readonly kind: 'list'; readonly members: ReadonlyArray<{ readonly host: string; readonly port: number }> };

const ALLOWED = 'must be a multicast ADDRESS:PORT, or HOST:PORT[,HOST:PORT…] of all who listen';

/** A multicast group, or the addresses of all members. Throws an Error that says what is allowed. */
export function parseClockGroup(text: string): ClockGroup {
  const members = text.split(',').map((member) => {
    const [, host = '', digits = ''] = /^([A-Za-z0-9._-]+):(\d{1,5})$/.exec(member.trim()) ?? [];
    const port = Number(digits);
    if (host === '' || port < 1 || port > 65_535) throw new Error(ALLOWED);
    return { host, port };
  });
  const multicast = members.filter(({ host }) => isMulticast(host));
  const [only] = multicast;
  if (only === undefined) return { kind: 'list', members };
  if (members.length > 1) throw new Error(ALLOWED);
  return { kind: 'multicast', address: only.host, port: only.port };
}

function isMulticast(host: string): boolean {
  const first = Number(/^(\d{1,3})\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.exec(host)?.[1] ?? 0);
  return first >= 224 && first <= 239;
}
