import { TealError } from '../../errors.ts';
import { sayAddress } from '../server/address.ts';
import {
  open,
  type Client,
  type ClientConfig,
  type Opened,
  type Submittable,
  type Wire,
} from '../server/driver.ts';
import { stopIf } from './interrupt.ts';

/** What the server has refused: its code (SQLSTATE) and words. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** The parameter that the message names, from 1; null: none. */
  readonly parameter: number | null;
}

/** A column of what a statement gives. */
export interface OutputColumn {
  readonly name: string;
  readonly type: number;
  readonly typmod: number;
  /** OID of the table or view it comes from, and the column's number there; 0: computed. */
  readonly table: number;
  readonly column: number;
}

/** A statement as the server understands it. */
export interface Described {
  readonly parameters: readonly number[];
  /** null: it gives no rows. */
  readonly columns: readonly OutputColumn[] | null;
}

/** What a statement that was run has done. */
export interface Ran {
  /** Rows given, or touched where none are given. */
  readonly rows: number;
}

export type Answer<T> = { readonly ok: T } | { readonly refused: Refusal };

/** How a statement is sent: OIDs of its parameters' types, where 0 lets the server decide. */
export interface Sent {
  readonly text: string;
  readonly types: readonly number[];
}

/** A connection that can ask how the server understands a statement, without running it. */
export interface Session {
  /** Whether questions may be sent before earlier ones are answered: they are answered in their order. */
  readonly pipelined: boolean;
  describe(sent: Sent): Promise<Answer<Described>>;
  /** Runs it with values as text. */
  run(sent: Sent, values: readonly (string | null)[]): Promise<Answer<Ran>>;
  /** Runs SQL as it stands. @throws the server's error */
  query<ROW extends object = Record<string, unknown>>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<readonly ROW[]>;
  /** Says goodbye; a server that does not hear it is left. */
  close(): Promise<void>;
}

/** Where a server is: a URL, or a folder with its socket. */
export type Place =
  | { readonly url: string; readonly database?: string }
  | { readonly socket: string; readonly user: string; readonly database: string; readonly port?: number };

/** Does things in their order: all at once where questions may be sent ahead, else one after the other. */
export async function inOrder<T>(
  session: Pick<Session, 'pipelined'>,
  works: readonly (() => Promise<T>)[],
): Promise<readonly T[]> {
  if (session.pipelined) {
    const settled = await Promise.allSettled(works.map((work) => work()));
    return settled.map((each) => {
      if (each.status === 'rejected') throw each.reason;
      return each.value;
    });
  }
  const done: T[] = [];
  for (const work of works) done.push(await work());
  return done;
}

const never = new AbortController().signal;

/**
 * @param signal ends the connection at once, with all that is under way on it; what is asked then throws `migration-interrupted`
 * @throws TealError `database-unavailable`, `package-missing`, `migration-interrupted`
 */
export async function connect(place: Place, signal: AbortSignal = never): Promise<Session> {
  let opened: Opened;
  try {
    opened = await open({ ...configOf(place), application_name: 'teal db prove', pipeline: true }, signal);
  } catch (cause) {
    stopIf(signal);
    if (cause instanceof TealError) throw cause;
    throw new TealError('database-unavailable', `The database ${sayPlace(place)} cannot be reached`, {
      remedy: 'Is it running, and are the address, user and password right? Try the same with psql.',
      details: { why: cause instanceof Error ? cause.message : String(cause) },
      cause,
    });
  }
  return sessionOf(opened, signal);
}

function configOf(place: Place): ClientConfig {
  if ('socket' in place) {
    const { socket, user, database, port } = place;
    return { host: socket, user, database, ...(port === undefined ? {} : { port }) };
  }
  return { connectionString: place.database === undefined ? place.url : urlWith(place.url, place.database) };
}

/** The same server, another database. */
function urlWith(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

/** Without the password. */
export function sayPlace(place: Place): string {
  if ('socket' in place) return `${place.database} at ${place.socket}`;
  return sayAddress(place.url, place.database);
}

/** Who is asked to say goodbye, and does not, is left. */
const endTimeoutMs = 2000;

function sessionOf({ client, Query, cut }: Opened, signal: AbortSignal): Session {
  const Asking = askingOf(Query);
  signal.addEventListener('abort', cut, { once: true });
  // What was cut off is told by the driver as a connection that has ended.
  const unless = async <T>(asked: () => Promise<T>): Promise<T> => {
    stopIf(signal);
    try {
      return await asked();
    } catch (error) {
      stopIf(signal);
      throw error;
    }
  };
  return {
    pipelined: true,
    describe: (sent) =>
      unless(() => submit(client, (done) => new Asking(sent, null, done)).then(toDescribed)),
    run: (sent, values) =>
      unless(async () => {
        const answer = await submit(client, (done) => new Asking(sent, values, done));
        return 'ok' in answer ? { ok: { rows: answer.ok.rows } } : answer;
      }),
    query: <ROW extends object>(sql: string, values?: readonly unknown[]): Promise<readonly ROW[]> =>
      unless(async () => {
        const result = await (values === undefined
          ? client.query<ROW>(sql)
          : client.query<ROW>(sql, [...values]));
        // Several statements in one text give several results, of which nobody asks for one.
        return Array.isArray(result) ? [] : result.rows;
      }),
    close: async () => {
      signal.removeEventListener('abort', cut);
      const late = new Promise<void>((resolve) => setTimeout(resolve, endTimeoutMs).unref());
      await Promise.race([client.end().catch(() => undefined), late]);
      cut();
    },
  };
}

interface Heard extends Described {
  readonly rows: number;
}

const toDescribed = (answer: Answer<Heard>): Answer<Described> => answer;

function submit(
  client: Client,
  make: (done: (answer: Answer<Heard> | Error) => void) => object,
): Promise<Answer<Heard>> {
  return new Promise((resolve, reject) => {
    const query = make((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
    client.query(query as Submittable);
  });
}

/** What the driver's connection can do that its types do not tell. */
interface Sending {
  parse(message: { text: string; name: string; types: number[] }, more: boolean): void;
  bind(message: { values: (string | null)[] }, more: boolean): void;
  describe(message: { type: 'S' | 'P'; name: string }, more: boolean): void;
  execute(message: { rows: number }, more: boolean): void;
  sync(): void;
  on(event: 'parameterDescription', listener: (message: { dataTypeIDs: number[] }) => void): void;
}

interface WireField {
  readonly name: string;
  readonly dataTypeID: number;
  readonly dataTypeModifier: number;
  readonly tableID: number;
  readonly columnID: number;
}

interface Waiting {
  hear(types: readonly number[]): void;
}

/** Who is waiting for answers on a connection, in the order of asking: what comes is for the first. */
const waiting = new WeakMap<object, Waiting[]>();

/** One listener for each connection: a pipeline has many that wait at a time. */
function lineOf(wire: Sending): Waiting[] {
  const known = waiting.get(wire);
  if (known !== undefined) return known;
  const line: Waiting[] = [];
  waiting.set(wire, line);
  wire.on('parameterDescription', ({ dataTypeIDs }) => line[0]?.hear(dataTypeIDs));
  return line;
}

/**
 * One statement by the extended protocol: Parse and Describe, and with values Bind and Execute, then Sync. The methods are those
 * that the driver calls; its own queries never let a program say the types of parameters, nor hear them. It is of
 * the driver's own kind, since that lets nothing else into a pipeline.
 */
function askingOf(Base: new (text: string) => object) {
  return class Asking extends Base implements Waiting {
    readonly #sent: Sent;
    readonly #values: readonly (string | null)[] | null;
    readonly #done: (answer: Answer<Heard> | Error) => void;
    #line: Waiting[] = [];
    #parameters: readonly number[] = [];
    #columns: readonly OutputColumn[] | null = null;
    #rows = 0;

    constructor(
      sent: Sent,
      values: readonly (string | null)[] | null,
      done: (answer: Answer<Heard> | Error) => void,
    ) {
      super(sent.text);
      this.#sent = sent;
      this.#values = values;
      this.#done = done;
    }

    submit(connection: Wire): void {
      const wire = connection as unknown as Sending;
      this.#line = lineOf(wire);
      this.#line.push(this);
      wire.parse({ text: this.#sent.text, name: '', types: [...this.#sent.types] }, true);
      wire.describe({ type: 'S', name: '' }, true);
      if (this.#values !== null) {
        wire.bind({ values: [...this.#values] }, true);
        wire.execute({ rows: 0 }, true);
      }
      wire.sync();
    }

    hear(types: readonly number[]): void {
      this.#parameters = types;
    }

    #leave(): void {
      const at = this.#line.indexOf(this);
      if (at !== -1) this.#line.splice(at, 1);
    }

    handleRowDescription(message: { fields: readonly WireField[] }): void {
      this.#columns = message.fields.map((field) => ({
        name: field.name,
        type: field.dataTypeID,
        typmod: field.dataTypeModifier,
        table: field.tableID,
        column: field.columnID,
      }));
    }

    handleDataRow(): void {
      this.#rows++;
    }

    handleCommandComplete(message: { text?: string }): void {
      const touched = /\s(\d+)$/.exec(message.text ?? '')?.[1];
      if (touched !== undefined) this.#rows = Number(touched);
    }

    handlePortalSuspended(): void {}

    handleEmptyQuery(): void {}

    handleCopyInResponse(connection: Wire): void {
      (connection as unknown as { sendCopyFail(why: string): void }).sendCopyFail('nothing to copy');
    }

    handleCopyData(): void {}

    // The driver takes the statement for done when it fails, and says nothing more of it.
    handleError(error: Error & { code?: string }): void {
      this.#leave();
      // Without a code it is no word of the server: the connection has ended.
      if (error.code === undefined || !/^[0-9A-Z]{5}$/.test(error.code)) {
        this.#done(error);
        return;
      }
      const named = /\$(\d+)/.exec(error.message)?.[1];
      const parameter = named === undefined ? null : Number(named);
      this.#done({ refused: { code: error.code, message: error.message, parameter } });
    }

    handleReadyForQuery(): void {
      this.#leave();
      this.#done({ ok: { parameters: this.#parameters, columns: this.#columns, rows: this.#rows } });
    }
  };
}
