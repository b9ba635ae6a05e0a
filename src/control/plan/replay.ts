import { plainAddress } from '../../audience/address.ts';
import { asks } from '../../audience/asks.ts';
import type { CompiledTable } from '../../audience/compile.ts';
import type { AudienceRequest } from '../../audience/request.ts';
import { route } from '../../audience/route.ts';
import { Visit } from '../../audience/visit.ts';
import type { App } from '../../config/config.ts';
import { requestOf } from '../somebody.ts';
import { readLogLine, type LoggedRequest } from './log-line.ts';
import { People, type Person } from './people.ts';

export interface ReplayOptions {
  readonly config: App;
  /** The release's tables, one for each `expose` step: each reaches whom the ones before reach. */
  readonly tables: readonly CompiledTable[];
  /** For each of them, the names of audiences of which its step takes people; empty: everyone. */
  readonly populations: readonly (readonly string[])[];
  /** The same for each `mirror` step, whose requests are copied. */
  readonly copied: readonly (readonly string[])[];
  /** Before the release exposes anybody. */
  readonly base: CompiledTable;
  /** How long each of the `expose` steps lasts, in milliseconds. */
  readonly spans: readonly number[];
  readonly now: number;
  /** Overridden by tests: how many people are remembered. */
  readonly mostPeople?: number;
}

/** What a log has told. */
export interface Replayed {
  readonly requests: number;
  /** Answers of 500 and above. */
  readonly errors: number;
  readonly unreadable: number;
  /** Of other apps. */
  readonly other: number;
  /** Lines that Teal's own log could not keep. */
  readonly dropped: number;
  readonly from: number;
  readonly to: number;
  readonly people: People;
  /** Some had a name, some only an address. */
  readonly named: number;
}

/** Clocks of machines differ by less. */
const aheadMs = 86_400_000;

/** Asks of each person of a log where they would be sent at each step, with the function that the router asks. */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #people: People;
  readonly #asksHeaders: boolean;
  #requests = 0;
  #errors = 0;
  #unreadable = 0;
  #other = 0;
  #dropped = 0;
  #named = 0;
  #from = Infinity;
  #to = Number.NEGATIVE_INFINITY;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#people = new People(options.spans, options.mostPeople);
    this.#asksHeaders = Object.values(options.config.audiences).some((rule) =>
      asks(rule, ({ kind }) => kind === 'header'),
    );
  }

  line(line: string): void {
    if (line.trim() === '') return;
    const { config, now } = this.#options;
    const read = readLogLine(line, config.name, now + aheadMs);
    switch (read.kind) {
      case 'request':
        this.#request(read.request);
        break;
      case 'other':
        this.#other++;
        break;
      case 'dropped':
        this.#dropped += read.lines;
        break;
      case 'unreadable':
        this.#unreadable++;
    }
  }

  told(): Replayed {
    return {
      requests: this.#requests,
      errors: this.#errors,
      unreadable: this.#unreadable,
      other: this.#other,
      dropped: this.#dropped,
      from: this.#from,
      to: this.#to,
      people: this.#people,
      named: this.#named,
    };
  }

  #request(logged: LoggedRequest): void {
    const { at, user, status } = logged;
    this.#requests++;
    const failed = status !== null && status >= 500;
    if (failed) this.#errors++;
    if (user !== null) this.#named++;
    this.#from = Math.min(this.#from, at);
    this.#to = Math.max(this.#to, at);
    const key = user === null ? `address ${logged.address}` : `user ${user}`;
    let fresh = false;
    const person = this.#people.find(key, () => {
      fresh = true;
      return this.#who(logged);
    });
    if (person === null) return;
    // Only headers differ from one request of a person to the next; once in, in.
    if (!fresh && this.#asksHeaders) this.#admit(person, this.#asRequest(logged));
    person.failed ||= failed;
    this.#people.count(person, at);
  }

  #who(logged: LoggedRequest): Pick<Person, 'from' | 'belongs'> {
    const { tables, populations, copied, base } = this.#options;
    const request = this.#asRequest(logged);
    const person = { from: tables.length, belongs: [] };
    this.#admit(person, request);
    const visit = new Visit(tables[0] ?? base, request);
    const known = visit.key !== null;
    const isOf = (names: readonly string[]): boolean =>
      names.length === 0 || names.some((name) => visit.table.audiences.get(name)?.test(visit) === true);
    return {
      ...person,
      belongs: [...populations.map((names) => known && isOf(names)), ...copied.map(isOf)],
    };
  }

  /** Tables only add people: the first that reaches them says it for all that follow. */
  #admit(person: Pick<Person, 'from'>, request: AudienceRequest): void {
    for (const [index, table] of this.#options.tables.entries()) {
      if (index >= person.from) return;
      if (route(table, request).side === 'candidate') person.from = index;
    }
  }

  /** An anonymous person is somebody, too, as soon as they have Teal's cookie: their address stands in for it. */
  #asRequest({ address, user, userAgent, referer }: LoggedRequest): AudienceRequest {
    const { config, tables } = this.#options;
    const headers: Record<string, string> = {};
    if (userAgent !== null) headers['user-agent'] = userAgent;
    if (referer !== null) headers['referer'] = referer;
    const plain = plainAddress(address);
    const who = user === null ? {} : { user };
    const request = requestOf({ ...who, headers, ...(plain === '' ? {} : { ip: plain }) }, config);
    if (user !== null || config.identity.anonymous === 'off') return request;
    const scope = config.identity.anonymous === 'keep' ? null : (tables[0]?.release?.id ?? null);
    return { ...request, id: { key: address, scope, renew: false } };
  }
}
