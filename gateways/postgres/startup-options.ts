import { SqlError } from '#schemas/sqlstate/sql-error.js';

/** What a start message asks for. */
export interface StartupOptions {
  readonly user: string;
  readonly database: string;
  /** Settings by name, from the message itself and its command-line `options`. The engine checks them. */
  readonly settings: Readonly<Record<string, string>>;
  /** Protocol options that we do not know. */
  readonly unknownOptions: readonly string[];
}

/** Throws what PostgreSQL refuses in a start message. */
export function startupOptions(parameters: ReadonlyMap<string, string>): StartupOptions {
  const user = parameters.get('user') ?? '';
  if (user === '')
    throw new SqlError('invalid_authorization_specification', 'no PostgreSQL user name specified in startup packet');
  const settings = new Map<string, string>();
  const unknownOptions: string[] = [];
  for (const [name, value] of parameters) {
    if (name === 'user' || name === 'database') continue;
    if (name === 'options') for (const [key, text] of commandLine(value)) settings.set(key, text);
    else if (name.startsWith('_pq_.')) unknownOptions.push(name);
    else if (name === 'replication') checkReplication(value);
    else settings.set(name, value);
  }
  return { user, database: parameters.get('database') || user, settings: Object.fromEntries(settings), unknownOptions };
}

function checkReplication(value: string): void {
  if (['false', 'off', 'no', '0'].includes(value.toLowerCase())) return;
  throw new SqlError('feature_not_supported', 'replication connections are not supported');
}

/** `-c name=value`, `-cname=value` and `--name=value`; a backslash takes the next character as it is, and `--` ends them. */
function commandLine(options: string): Array<readonly [name: string, value: string]> {
  const words = [...options.matchAll(/(?:\\[\s\S]|[^\s\\])+/g)].map((m) => m[0].replace(/\\([\s\S])/g, '$1'));
  const settings: Array<readonly [string, string]> = [];
  for (let i = 0; i < words.length; i++) {
    let word = words[i] as string;
    if (word === '--') break;
    if (word === '-c') word = `-c${words[++i] ?? ''}`;
    const match = /^(?:-c|--)([^=]+)=([\s\S]*)$/.exec(word);
    if (match === null) throw new SqlError('syntax_error', `invalid command-line argument for server process: ${word}`);
    settings.push([(match[1] as string).replaceAll('-', '_'), match[2] as string]);
  }
  return settings;
}
