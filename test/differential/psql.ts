import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Postgres, postgresBin } from '../harness/postgres.js';
import { NULL_SHOWN, type Outcome } from './outcome.js';

type Target = Pick<Postgres, 'host' | 'port' | 'user' | 'password' | 'database'>;

const FIELD = '\u001f';
const RECORD = '\u001e';
const SETTINGS = [
  '\\pset format unaligned',
  `\\pset fieldsep '\\x1f'`,
  `\\pset recordsep '\\x1e'`,
  '\\pset tuples_only on',
  `\\pset null '${NULL_SHOWN}'`,
  '\\set VERBOSITY verbose',
  '\\set SHOW_CONTEXT never',
];
const TAG = /^(?:INSERT \d+ \d+|UPDATE \d+|DELETE \d+|[A-Z]+(?: [A-Z]+)*)$/;
const RETURNS_ROWS = /^\s*(?:\(|select|values|table|with)\b|\breturning\b/i;

/** Runs statements one after another in one session of psql, on whatever speaks PostgreSQL's protocol. */
export async function runWithPsql(server: Target, statements: readonly string[]): Promise<Outcome[]> {
  const lines = [...SETTINGS];
  statements.forEach((statement, i) => {
    lines.push(`\\echo @@describe ${i}`, `\\warn @@describe ${i}`);
    if (RETURNS_ROWS.test(statement)) lines.push(statement, '\\gdesc');
    lines.push(`\\echo @@run ${i}`, `\\warn @@run ${i}`, `${statement};`);
  });
  lines.push('\\echo @@end', '\\warn @@end');
  const { stdout, stderr } = await psql(server, `${lines.join('\n')}\n`);
  return statements.map((_, i) => {
    const described = section(stdout, 'describe', i);
    const output = section(stdout, 'run', i);
    const refused = section(stderr, 'run', i);
    return { columns: columnsOf(described), ...answerOf(output), error: errorOf(refused) };
  });
}

function psql(server: Target, input: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const target = ['-h', server.host, '-p', String(server.port), '-U', server.user, '-d', server.database];
  const env = { ...process.env, PGPASSWORD: server.password, PGCLIENTENCODING: 'UTF8' };
  return new Promise((resolve, reject) => {
    const child = spawn(join(postgresBin(), 'psql'), ['-X', ...target], { env });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject).on('close', () => resolve({ stdout, stderr }));
    child.stdin.on('error', reject).end(input);
  });
}

/** What was printed between two markers. */
function section(output: string, part: 'describe' | 'run', i: number): string {
  const marker = `@@${part} ${i}\n`;
  const start = output.indexOf(marker);
  if (start < 0) return '';
  const from = start + marker.length;
  const end = output.indexOf('@@', from);
  return end < 0 ? output.slice(from) : output.slice(from, end);
}

function columnsOf(described: string): string[] {
  const text = described.replace(/\n$/, '');
  if (text === '' || text.startsWith('The command has no result')) return [];
  return text.split(RECORD).map((line) => line.split(FIELD).join(' '));
}

function answerOf(output: string): { readonly rows: string[][]; readonly tag: string } {
  const lines = output.replace(/\n$/, '').split('\n');
  const tag = TAG.test(lines.at(-1) ?? '') ? (lines.pop() as string) : '';
  const text = lines.join('\n');
  return { rows: text === '' ? [] : text.split(RECORD).map((line) => line.split(FIELD)), tag };
}

/** SQLSTATE and message, detail and hint, and the line with a caret below the place that it speaks of. */
function errorOf(text: string): string {
  const lines = text.split('\n');
  const found = lines
    .map((line) => /^(?:psql:[^ ]+ )?(?:ERROR|FATAL): {2}(\w{5}): (.*)$/.exec(line))
    .find((m) => m !== null);
  if (found === undefined) return '';
  const more = lines.filter((line) => /^(?:DETAIL|HINT|LINE \d+): | *\^$/.test(line));
  return [`${found[1]} ${found[2]}`, ...more].join('\n');
}
