import { EJSON } from 'bson';
import { Query } from 'mingo';
import { update } from 'mingo/updater';

type Document = Record<string, unknown>;

/** What the service answers: a `code` on failure, else `data`. */
export interface Answer {
  readonly requestId: string;
  readonly code?: string;
  readonly message?: string;
  readonly data?: Record<string, unknown>;
}

/** Parameters as the SDKs send them: conditions, orders and documents are texts of MongoDB Extended JSON. */
export interface Request {
  readonly collectionName?: string;
  readonly data?: string | readonly string[];
  readonly query?: string;
  readonly order?: string;
  readonly projection?: string;
  readonly limit?: number;
  readonly offset?: number;
  readonly multi?: boolean;
  readonly merge?: boolean;
  readonly upsert?: boolean;
}

/** Most documents that one query answers, whatever it asks for. */
const MOST = 1000;

class Failure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * The document database of one CloudBase environment, as the SDKs see it through the wire. Requests are carried out whole, one
 * after the other; what makes callers collide is the time between them.
 */
export class StandInDatabase {
  readonly #collections = new Map<string, Map<string, Document>>();
  /** The server's clock, Unix ms. */
  readonly #clock: () => number;
  #requests = 0;
  #ids = 0;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  /** As by hand in the console: no request makes a collection by itself. */
  createCollection(name: string): void {
    if (!this.#collections.has(name)) this.#collections.set(name, new Map());
  }

  dropCollection(name: string): void {
    this.#collections.delete(name);
  }

  /** Everything in a collection, as somebody at the console sees it. */
  documents(name: string): Document[] {
    return [...(this.#collections.get(name)?.values() ?? [])].map(copied);
  }

  execute(action: string, request: Request): Answer {
    this.#requests += 1;
    const requestId = `stand-in-${this.#requests}`;
    try {
      return { requestId, data: this.#answer(action, request) };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { requestId, code: error.code, message: error.message };
    }
  }

  #answer(action: string, request: Request): Record<string, unknown> {
    switch (action) {
      case 'database.addCollection':
        this.createCollection(request.collectionName ?? '');
        return {};
      case 'database.insertDocument':
        return this.#insert(request);
      case 'database.getDocument':
        return { list: this.#select(request).map((document) => EJSON.stringify(document, { relaxed: false })) };
      case 'database.calculateDocument':
        return { total: this.#matching(request).length };
      case 'database.modifyDocument':
        return this.#modify(request);
      case 'database.removeDocument':
        return this.#remove(request);
      default:
        throw new Failure('DATABASE_REQUEST_FAILED', `The stand-in does not know ${action}.`);
    }
  }

  #collection(request: Request): Map<string, Document> {
    const collection = this.#collections.get(request.collectionName ?? '');
    if (collection !== undefined) return collection;
    throw new Failure(
      'DATABASE_COLLECTION_NOT_EXIST',
      '[ResourceNotFound] Db or Table not exist. Please check your request, but if the problem cannot be solved, contact us.',
    );
  }

  /** Documents are inserted one by one: those before the one that is refused stay. */
  #insert(request: Request): Record<string, unknown> {
    const collection = this.#collection(request);
    const insertedIds = textsOf(request.data).map((text) => {
      const document = this.#parse(text);
      document['_id'] ??= this.#newId();
      const key = keyOf(document['_id']);
      if (collection.has(key)) throw duplicate(request, document['_id']);
      collection.set(key, document);
      return document['_id'];
    });
    return { insertedIds };
  }

  #matching(request: Request): Document[] {
    const query = new Query(this.#parse(request.query ?? '{}'));
    return [...this.#collection(request).values()].filter((document) => query.test(document));
  }

  #select(request: Request): Document[] {
    const projection = request.projection === undefined ? undefined : this.#parse(request.projection);
    const cursor = new Query({}).find<Document>(this.#matching(request), projection);
    if (request.order !== undefined) cursor.sort(this.#parse(request.order) as Record<string, 1 | -1>);
    return cursor
      .skip(request.offset ?? 0)
      .limit(Math.min(request.limit ?? MOST, MOST))
      .all();
  }

  /** `merge`: update operators; else the whole document is replaced. Documents that stay as they were are not counted. */
  #modify(request: Request): Record<string, unknown> {
    const collection = this.#collection(request);
    const change = this.#parse(textsOf(request.data)[0] ?? '{}');
    const matching = this.#matching(request);
    const chosen = request.multi === true ? matching : matching.slice(0, 1);
    if (chosen.length === 0) {
      if (request.upsert !== true) return { updated: 0, upsert_id: null };
      const { _id = this.#newId() } = this.#parse(request.query ?? '{}');
      if (collection.has(keyOf(_id))) throw duplicate(request, _id);
      collection.set(keyOf(_id), { _id, ...change });
      return { updated: 0, upsert_id: _id };
    }
    let updated = 0;
    for (const document of chosen) {
      const next = request.merge === true ? copied(document) : { _id: document['_id'], ...change };
      if (request.merge === true) update(next, change as Parameters<typeof update>[1]);
      if (EJSON.stringify(next) === EJSON.stringify(document)) continue;
      collection.set(keyOf(document['_id']), next);
      updated += 1;
    }
    return { updated, upsert_id: null };
  }

  #remove(request: Request): Record<string, unknown> {
    const collection = this.#collection(request);
    const matching = this.#matching(request);
    const chosen = request.multi === true ? matching : matching.slice(0, 1);
    for (const document of chosen) collection.delete(keyOf(document['_id']));
    return { deleted: chosen.length };
  }

  #parse(text: string): Document {
    return this.#dated(EJSON.parse(text)) as Document;
  }

  /** `db.serverDate()` travels as a mark. */
  #dated(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || value instanceof Date) return value;
    if (Array.isArray(value)) return value.map((one) => this.#dated(one));
    if ('$tcb_server_date' in value) {
      const { offset = 0 } = value.$tcb_server_date as { offset?: number };
      return new Date(this.#clock() + offset);
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.#dated(one)]));
  }

  #newId(): string {
    this.#ids += 1;
    return this.#ids.toString(16).padStart(32, '0');
  }
}

/** Not by structuredClone, which Node 16 lacks. */
function copied(document: Document): Document {
  return EJSON.parse(EJSON.stringify(document, { relaxed: false })) as Document;
}

/** The number 1 and the text "1" are two ids. */
function keyOf(id: unknown): string {
  return `${typeof id} ${String(id)}`;
}

function textsOf(data: string | readonly string[] | undefined): readonly string[] {
  return typeof data === 'string' ? [data] : (data ?? []);
}

function duplicate(request: Request, id: unknown): Failure {
  return new Failure(
    'DATABASE_REQUEST_FAILED',
    `[FailedOperation] multiple write errors: [{write errors: [{E11000 duplicate key error collection: stand-in.${request.collectionName} index: _id_ dup key: { : ${JSON.stringify(id)} }}]}, {<nil>}]`,
  );
}
