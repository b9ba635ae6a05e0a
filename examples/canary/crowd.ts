import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sent } from './oracle.ts';
import type { Person } from './people.ts';

/** Between two visits of somebody: with all of them a few hundred requests a second, which two cores carry. */
const pauseMs = { least: 500, more: 1000 };
/** Visits until somebody who comes and goes signs in or out. */
const stretch = 4;
const timeoutMs = 10_000;
const cart = JSON.stringify({ items: [{ id: 'cup', quantity: 2 }] });

/** One request, what went along with it, and what came of it. */
export interface Visit {
  readonly person: Person;
  readonly sent: Sent;
  /** When the head of the answer had come; milliseconds since the epoch. */
  readonly endedAt: number;
  /** Who answered; null when nobody did, or not as it should be. */
  readonly version: string | null;
  readonly problem: string | null;
}

export interface Crowd {
  readonly visits: readonly Visit[];
  stop(): Promise<readonly Visit[]>;
}

/** Lets everyone in: each with a connection and a cookie jar of their own, one request at a time. */
export function letIn(url: string, people: readonly Person[]): Crowd {
  const visits: Visit[] = [];
  const stop = new AbortController();
  const all = people.map((person) => visitOften(new URL(url), person, { visits, signal: stop.signal }));
  return {
    visits,
    stop: async () => {
      stop.abort();
      await Promise.all(all);
      return visits;
    },
  };
}

async function visitOften(
  url: URL,
  person: Person,
  { visits, signal }: { readonly visits: Visit[]; readonly signal: AbortSignal },
): Promise<void> {
  const jar = new Map<string, string>();
  const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress: person.from });
  try {
    for (let turn = Math.floor(Math.random() * 3); ; turn++) {
      await sleep(Math.random() * pauseMs.more + pauseMs.least, undefined, { signal });
      visits.push(await visit({ url, agent, person, jar }, turn));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    agent.destroy();
  }
}

interface Browser {
  readonly url: URL;
  readonly agent: Agent;
  readonly person: Person;
  readonly jar: Map<string, string>;
}

async function visit(browser: Browser, turn: number): Promise<Visit> {
  const { person, jar } = browser;
  const signedIn = !person.comesAndGoes || Math.floor(turn / stretch) % 2 === 1;
  const { from, forwardedFor } = person;
  const token = signedIn ? person.token : null;
  const sent: Sent = { from, forwardedFor, token, given: new Map(jar), at: Date.now() };
  try {
    const answer = await send(browser, sent, turn);
    const endedAt = Date.now();
    if (person.keepsCookies) keep(jar, answer.headers['set-cookie'] ?? []);
    await read(answer);
    const version = answer.headers['x-version'];
    const good = answer.statusCode === 200 && typeof version === 'string';
    const problem = good
      ? null
      : `answered ${answer.statusCode} (${String(answer.headers['x-teal-error'] ?? 'by the shop')})`;
    return { person, sent, endedAt, version: good ? version : null, problem };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { person, sent, endedAt: Date.now(), version: null, problem };
  }
}

function send({ url, agent, person }: Browser, sent: Sent, turn: number): Promise<IncomingMessage> {
  const path = ['/', '/api/products', '/api/cart'][turn % 3] as string;
  const body = path === '/api/cart' ? cart : '';
  const cookies = [...sent.given].map(([name, value]) => `${name}=${value}`);
  const cookie = [...cookies, person.madeUp ?? ''].filter((each) => each !== '').join('; ');
  const headers = {
    ...(sent.token === null ? {} : { authorization: `Bearer ${sent.token}` }),
    ...(sent.forwardedFor === null ? {} : { 'x-forwarded-for': sent.forwardedFor }),
    ...(cookie === '' ? {} : { cookie }),
    ...(body === '' ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
  };
  return new Promise((resolve, reject) => {
    const method = body === '' ? 'GET' : 'POST';
    const out = request(new URL(path, url), { agent, method, headers, timeout: timeoutMs }, resolve);
    out.on('timeout', () => out.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    out.on('error', reject);
    out.end(body);
  });
}

async function read(answer: IncomingMessage): Promise<void> {
  for await (const _ of answer);
}

/** As RFC 6265 has it for one host and one path: an age of 0 takes a cookie away. */
function keep(jar: Map<string, string>, lines: readonly string[]): void {
  for (const line of lines) {
    const [pair = '', ...attributes] = line.split('; ');
    const name = pair.slice(0, pair.indexOf('='));
    if (attributes.some((each) => each.toLowerCase() === 'max-age=0')) jar.delete(name);
    else jar.set(name, pair.slice(name.length + 1));
  }
}
