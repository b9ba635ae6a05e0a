import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger, Row } from './ledger.ts';

/** Between two requests of somebody: with all of them some 250 a second, which two cores carry beside everything else. */
const pauseMs = { least: 60, more: 160 };
const timeoutMs = 10_000;
/** Written by everybody, so that both versions are at the same rows. */
const sharedUsers = 25;
const locales = ['de', 'en', 'fr', 'pt'] as const;

export interface CrowdOptions {
  readonly url: string;
  readonly ledger: Ledger;
  /** How many, each with a name of their own by which Teal knows them again. Default 40. */
  readonly people?: number;
}

/** What has come of the requests so far. */
export interface Tally {
  readonly sent: number;
  /** No answer, or none that the app gives when it works. */
  readonly failed: number;
  readonly problems: readonly string[];
  /** Answers by the version that gave them. */
  readonly versions: Readonly<Record<string, number>>;
}

export interface Crowd {
  readonly tally: Tally;
  /** Asks for a user as somebody does. Null: nobody is there, or no answer came. */
  look(email: string): Promise<Row | null>;
  stop(): Promise<Tally>;
}

/**
 * Lets everybody in: they sign up, write, and read, one request at a time each, until they are stopped.
 * @param options.ledger knows some users already, whom everybody writes
 */
export function letIn({ url, ledger, people = 40 }: CrowdOptions): Crowd {
  return new Everybody(new URL(url), ledger, people);
}

interface Ask {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly email: string;
  readonly name?: string;
  readonly locale?: string;
}

class Everybody implements Crowd {
  readonly #url: URL;
  readonly #ledger: Ledger;
  readonly #stop = new AbortController();
  readonly #all: readonly Promise<void>[];
  readonly #agent = new Agent({ keepAlive: true });
  #sent = 0;
  #failed = 0;
  readonly #problems: string[] = [];
  readonly #versions: Record<string, number> = {};

  constructor(url: URL, ledger: Ledger, people: number) {
    this.#url = url;
    this.#ledger = ledger;
    this.#all = Array.from({ length: people }, (_, index) => this.#comesOften(`person-${index}`));
  }

  get tally(): Tally {
    return { sent: this.#sent, failed: this.#failed, problems: this.#problems, versions: this.#versions };
  }

  async stop(): Promise<Tally> {
    this.#stop.abort();
    await Promise.all(this.#all);
    this.#agent.destroy();
    return this.tally;
  }

  look(email: string): Promise<Row | null> {
    return this.#ask({ method: 'GET', email }, 'person-0', this.#agent);
  }

  async #comesOften(person: string): Promise<void> {
    const { signal } = this.#stop;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (let turn = 0; ; turn++) {
        await sleep(Math.random() * pauseMs.more + pauseMs.least, undefined, { signal });
        await this.#ask(this.#wish(person, turn), person, agent);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      agent.destroy();
    }
  }

  #wish(person: string, turn: number): Ask {
    const email = this.#someone();
    const said = { name: `${person} ${turn}`, locale: oneOf(locales) ?? locales[0] };
    switch (turn % 8) {
      case 0:
        return { method: 'POST', email: `${person}-${turn}@example.com`, ...said };
      case 1:
        // Who says no name has none: the default of whichever column there is.
        return { method: 'POST', email: `${person}-${turn}@example.com` };
      case 2:
        return { method: 'PUT', email, ...said };
      case 3:
        return { method: 'PATCH', email };
      case 4:
        return { method: 'PATCH', email, ...said };
      case 5:
        return { method: 'PUT', email: `${person}@example.com`, ...said };
      default:
        return { method: 'GET', email };
    }
  }

  /** Half of the time one of those whom everybody writes. */
  #someone(): string {
    const { emails } = this.#ledger;
    return oneOf(Math.random() < 0.5 ? emails.slice(0, sharedUsers) : emails) ?? emails[0] ?? '';
  }

  async #ask(ask: Ask, person: string, agent: Agent): Promise<Row | null> {
    const atLeast = this.#ledger.revisionOf(ask.email);
    this.#sent += 1;
    try {
      const { status, version, row } = await exchange(this.#url, ask, { person, agent });
      if (version === null || status >= 400)
        throw new Error(`${ask.method} answered ${status}: ${JSON.stringify(row)}`);
      this.#versions[version] = (this.#versions[version] ?? 0) + 1;
      const { email, name, locale } = ask;
      if (ask.method === 'GET') this.#ledger.read(row, atLeast);
      else
        this.#ledger.wrote({
          email,
          ...(name === undefined ? {} : { name }),
          ...(locale === undefined ? {} : { locale }),
          answer: row,
        });
      return row;
    } catch (error) {
      this.#failed += 1;
      if (this.#problems.length < 5)
        this.#problems.push(error instanceof Error ? error.message : String(error));
      return null;
    }
  }
}

const oneOf = <T>(all: readonly T[]): T | undefined => all[Math.floor(Math.random() * all.length)];

interface Given {
  readonly status: number;
  readonly version: string | null;
  readonly row: Row;
}

/** @throws Error when no whole answer comes */
async function exchange(
  base: URL,
  { method, email, name, locale }: Ask,
  { person, agent }: { readonly person: string; readonly agent: Agent },
): Promise<Given> {
  const url = new URL(method === 'POST' ? 'users' : `users/${encodeURIComponent(email)}`, base);
  const said = method === 'POST' ? { email, name, locale } : { name, locale };
  const body = method === 'GET' ? '' : JSON.stringify(said);
  const headers = {
    'x-user': person,
    ...(body === '' ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const out = request(url, { agent, method, headers, timeout: timeoutMs }, resolve);
    out.on('timeout', () => out.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    out.on('error', reject);
    out.end(body);
  });
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  const version = answer.headers['x-version'];
  return {
    status: answer.statusCode ?? 0,
    version: typeof version === 'string' ? version : null,
    row: parsed(text),
  };
}

/** What is no JSON comes from the router, with a status that says so. */
function parsed(text: string): Row {
  try {
    return JSON.parse(text) as Row;
  } catch {
    return { email: text, name: null, revision: 0 };
  }
}
