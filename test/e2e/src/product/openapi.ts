import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

interface Operation {
  readonly responses?: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: object }>> }>>;
}

/** Holds answers against the OpenAPI document that the server itself hands out. */
export class OpenApiCheck {
  readonly #validators = new Map<string, ValidateFunction>();
  readonly problems: string[] = [];
  checked = 0;

  static async load(httpUrl: string): Promise<OpenApiCheck> {
    const answer = await fetch(`${httpUrl}/openapi.json`);
    const document = (await answer.json()) as {
      readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    };
    const check = new OpenApiCheck();
    const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        for (const [status, response] of Object.entries(operation.responses ?? {})) {
          const schema = response.content?.['application/json']?.schema;
          if (schema !== undefined) check.#validators.set(`${method} ${path} ${status}`, ajv.compile(schema));
        }
      }
    }
    return check;
  }

  /** Notes what does not fit; paths that the document does not know are problems too. */
  check(method: string, path: string, status: number, body: unknown): void {
    const key = `${method.toLowerCase()} ${path} ${status}`;
    const validate = this.#validators.get(key);
    this.checked += 1;
    if (validate === undefined) this.problems.push(`${key} is not in the document`);
    else if (!validate(body)) {
      this.problems.push(`${key}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(body).slice(0, 500)}`);
    }
  }
}
