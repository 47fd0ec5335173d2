import type { LogEvent } from '#schemas/events/event.js';

/** A record in one line, for people. */
export function recordLine(partition: number, offset: number, event: LogEvent): string {
  const at = `${partition}:${offset}`;
  if (event.kind === 'lease')
    return `${at} lease of server ${event.server}: term ${event.epoch} ${event.action} by ${event.holder}`;
  const { server, transaction, commit } = event;
  const what = event.kind === 'row' ? `${event.op} ${JSON.stringify(event.row ?? event.previous)}` : 'commit';
  const end =
    commit === null ? '' : `, commits ${commit.events} in term ${commit.epoch} from snapshot ${commit.snapshot}`;
  return `${at} server ${server}, ${transaction}: ${what}${end}`;
}
