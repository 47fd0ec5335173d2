/** Java run-times on this machine. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const JVM_DIRECTORY = '/usr/lib/jvm';

/** The major version of a Java program, 0 where it is none. Java 8 and older say 1.x and count as 1. */
function majorVersion(java: string): number {
  const { stderr } = spawnSync(java, ['-version'], { encoding: 'utf8' });
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
}

function candidates(): string[] {
  const installed = existsSync(JVM_DIRECTORY)
    ? readdirSync(JVM_DIRECTORY).map((name) => join(JVM_DIRECTORY, name))
    : [];
  const homes = [process.env['JAVA_HOME'], ...installed].filter((home) => home !== undefined);
  return ['java', ...homes.map((home) => join(home, 'bin', 'java')).filter((java) => existsSync(java))];
}

/** The path of a Java of at least this major version; throws with what to install where there is none. */
export function javaAtLeast(version: number): string {
  const found = candidates().find((java) => majorVersion(java) >= version);
  if (found === undefined)
    throw new Error(`needs Java ${version} or later: set JAVA_HOME or install one under ${JVM_DIRECTORY}`);
  return found;
}
