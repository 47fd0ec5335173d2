/** What `npm run bench` can be told. */
import { parseArgs } from 'node:util';

export const SECTIONS = [
  'throughput',
  'placement',
  'copy',
  'recovery',
  'kafka',
  'shared',
  'mysql',
  'idle',
  'start',
  'tiers',
  'tpch',
] as const;
export type SectionName = (typeof SECTIONS)[number];

export const SCRIPTS = ['select-only', 'simple-update', 'tpcb-like'] as const;
/** A built-in script by pgbench's own name for it. */
export type Script = (typeof SCRIPTS)[number];

export const PLACEMENTS = ['process', 'engine'] as const;
/** A value of `gateway.placement`. */
export type Placement = (typeof PLACEMENTS)[number];

export interface BenchOptions {
  readonly sections: readonly SectionName[];
  readonly scripts: readonly Script[];
  readonly clients: readonly number[];
  readonly scales: readonly number[];
  /** How often each measurement is repeated; the median is shown. */
  readonly rounds: number;
  /** Duration of one pgbench run. */
  readonly seconds: number;
  /** Threads of pgbench in the section throughput. */
  readonly threads: number;
  /** Where Polylog's gateway runs in the section throughput. */
  readonly placement: Placement;
  /** Smaller amounts of data: shows that everything works, not how fast. */
  readonly quick: boolean;
  /** File for the JSON; null = one in bench-results/, named after the time. */
  readonly out: string | null;
  /** Folder for all data of all servers; null = the system's temporary one. */
  readonly folder: string | null;
}

export const USAGE = `npm run bench -- [options]
  --quick                 one short round and little data: checks that everything works
  --only SECTION,...      of ${SECTIONS.join(', ')}
  --scripts SCRIPT,...    of ${SCRIPTS.join(', ')}
  --clients N,...         clients of the section throughput (1,8,32)
  --scales N,...          scales of the section throughput (1,10; quick: 1)
  --rounds N              repetitions; medians are shown (3; quick: 1)
  --seconds N             duration of a pgbench run (10; quick: 2)
  --threads N             threads of pgbench in the section throughput (1, as is its own default)
  --placement WHERE       Polylog's gateway in the section throughput: ${PLACEMENTS.join(' or ')} (process, as is its default)
  --out FILE              where the JSON goes (bench-results/TIME.json)
  --folder FOLDER         where all servers keep their data (the system's temporary folder)`;

/** An argument that is not understood; the message says which. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

function numbers(text: string, flag: string): number[] {
  return text.split(',').map((part) => {
    const value = Number(part);
    if (!Number.isInteger(value) || value < 1) throw new UsageError(`${flag}: "${part}" is not a whole number above 0`);
    return value;
  });
}

function oneNumber(text: string, flag: string): number {
  const [value, ...more] = numbers(text, flag);
  if (value === undefined || more.length > 0) throw new UsageError(`${flag} takes one number`);
  return value;
}

function words<T extends string>(text: string, known: readonly T[], flag: string): T[] {
  return text.split(',').map((part) => {
    const word = known.find((each) => each === part);
    if (word === undefined) throw new UsageError(`${flag}: "${part}" is none of ${known.join(', ')}`);
    return word;
  });
}

function word<T extends string>(text: string, known: readonly T[], flag: string): T {
  const [value, ...more] = words(text, known, flag);
  if (value === undefined || more.length > 0) throw new UsageError(`${flag} takes one word`);
  return value;
}

/** Throws UsageError. */
export function readOptions(args: readonly string[]): BenchOptions {
  const values = parsed(args);
  const quick = values.quick === true;
  return {
    sections: values.only === undefined ? SECTIONS : words(values.only, SECTIONS, '--only'),
    scripts: values.scripts === undefined ? SCRIPTS : words(values.scripts, SCRIPTS, '--scripts'),
    clients: numbers(values.clients ?? '1,8,32', '--clients'),
    scales: numbers(values.scales ?? (quick ? '1' : '1,10'), '--scales'),
    rounds: oneNumber(values.rounds ?? (quick ? '1' : '3'), '--rounds'),
    seconds: oneNumber(values.seconds ?? (quick ? '2' : '10'), '--seconds'),
    threads: oneNumber(values.threads ?? '1', '--threads'),
    placement: word(values.placement ?? 'process', PLACEMENTS, '--placement'),
    quick,
    out: values.out ?? null,
    folder: values.folder ?? null,
  };
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = { quick: flag, only: text, scripts: text, clients: text, scales: text, rounds: text } as const;
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, seconds: text, threads: text, placement: text, out: text, folder: text },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
