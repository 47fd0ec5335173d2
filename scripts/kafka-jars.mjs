/** Fetches the jars of a plain Apache Kafka broker from Maven Central into .cache/, once a version. */
import { ensureMavenFolder } from './maven-folder.mjs';
import { runAsProgram } from './project.mjs';

/** After this the jars are there; returns their folder. */
export async function ensureKafkaJars() {
  return ensureMavenFolder({
    name: 'kafka',
    pom: 'kafka-dist',
    goal: ['dependency:copy-dependencies', '-DincludeScope=runtime'],
    packages: ['maven', 'openjdk-17-jre-headless'],
    purpose: 'a Kafka broker in tests',
  });
}

runAsProgram(import.meta.url, async () => {
  console.log(await ensureKafkaJars());
});
