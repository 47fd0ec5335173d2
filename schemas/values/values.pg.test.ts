import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { postgresBin } from '../../test/harness/postgres.js';
import { type SharedPostgres, sharedPostgres } from '../../test/harness/shared-servers.js';
import { castSuite } from './cast.suite.js';
import { compareSuite } from './compare.suite.js';
import type { Ask } from './differential.suite.js';
import { numericArithmeticSuite } from './numeric-arithmetic.suite.js';
import { textFormSuite } from './text-form.suite.js';
import { timestampTextSuite } from './timestamp-text.suite.js';

let server: SharedPostgres;

beforeAll(async () => {
  server = await sharedPostgres();
}, 60_000);

const ask: Ask = (queries, settings) => {
  const script = `
    create function pg_temp.ask(query text) returns text language plpgsql as $f$
    declare answer text;
    begin
      execute query into answer;
      return coalesce(answer, 'NULL');
    exception when others then
      return sqlstate || ' ' || sqlerrm;
    end $f$;
    ${Object.entries(settings)
      .map(([name, value]) => `set ${name} = '${value}';`)
      .join('\n')}
    select json_agg(pg_temp.ask(q) order by n)
    from json_array_elements_text($q$${JSON.stringify(queries)}$q$) with ordinality as t(q, n);`;
  const target = ['-h', server.host, '-p', String(server.port), '-U', server.user, '-d', server.database];
  const env = { ...process.env, PGPASSWORD: server.password, PGCLIENTENCODING: 'UTF8' };
  const options = { encoding: 'utf8' as const, env, input: script, maxBuffer: 1 << 28 };
  return JSON.parse(execFileSync(join(postgresBin(), 'psql'), ['-XAtq', ...target], options)) as string[];
};

textFormSuite(ask);
numericArithmeticSuite(ask);
timestampTextSuite(ask);
castSuite(ask);
compareSuite(ask);
