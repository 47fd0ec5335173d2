import { RegistryError, type SchemaRegistry } from './registry.js';

/** One HTTP request of the registry client; ops gives fetch. */
export type HttpRequest = (
  url: string,
  options: { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly body?: string },
) => Promise<{ readonly status: number; text(): Promise<string> }>;

/**
 * Client of a foreign registry with Confluent's REST API. Ids never change their meaning, so what was once answered is kept.
 * Throws RegistryError: 409 when the registry refuses a schema, 503 when it cannot be reached.
 */
export class ExternalRegistry implements SchemaRegistry {
  readonly #url: string;
  readonly #request: HttpRequest;
  readonly #texts = new Map<number, string>();

  constructor(url: string, request: HttpRequest) {
    this.#url = url.replace(/\/+$/, '');
    this.#request = request;
  }

  async register(subject: string, schema: string): Promise<number> {
    const answer = await this.#call('POST', `/subjects/${encodeURIComponent(subject)}/versions`, {
      schema,
      schemaType: 'AVRO',
    });
    const id = (answer as { id?: unknown }).id;
    if (typeof id !== 'number')
      throw new RegistryError(502, 50001, `the schema registry at ${this.#url} answered a registration without an id`);
    this.#texts.set(id, schema);
    return id;
  }

  async schemaById(id: number): Promise<string | null> {
    const known = this.#texts.get(id);
    if (known !== undefined) return known;
    try {
      const { schema } = (await this.#call('GET', `/schemas/ids/${id}`, null)) as { schema: string };
      this.#texts.set(id, schema);
      return schema;
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) return null;
      throw error;
    }
  }

  async schemasOf(subject: string): Promise<readonly string[]> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    try {
      const texts: string[] = [];
      for (const version of (await this.#call('GET', path, null)) as number[]) {
        const { schema } = (await this.#call('GET', `${path}/${version}`, null)) as { schema: string };
        texts.push(schema);
      }
      return texts;
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) return [];
      throw error;
    }
  }

  async #call(method: string, path: string, body: unknown): Promise<unknown> {
    const headers = {
      'content-type': 'application/vnd.schemaregistry.v1+json',
      accept: 'application/vnd.schemaregistry.v1+json, application/json',
    };
    let status: number;
    let text: string;
    try {
      const response = await this.#request(
        this.#url + path,
        body === null ? { method, headers } : { method, headers, body: JSON.stringify(body) },
      );
      status = response.status;
      text = await response.text();
    } catch (error) {
      throw new RegistryError(
        503,
        50301,
        `the schema registry at ${this.#url} cannot be reached: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    const answer = parse(text);
    if (status >= 400) {
      const { error_code: code, message } = answer as { error_code?: number; message?: string };
      throw new RegistryError(
        status,
        code ?? status,
        message ?? `the schema registry at ${this.#url} answered ${status}`,
      );
    }
    return answer;
  }
}

function parse(text: string): object {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? answer : {};
  } catch {
    return {};
  }
}
