import type { AudienceRequest } from '../../../src/audience/request.ts';
import { noToken } from '../../../src/audience/request.ts';
import { compileAudiences, type CompiledTable as CompiledAudiences } from '../../../src/audience/compile.ts';
import { route } from '../../../src/audience/route.ts';
import type { AudienceTable } from '../../../src/audience/table.ts';
import type { CompiledTable } from '../../../src/router/embedded/compiled-table.ts';
import { decide, type Decision } from '../../../src/router/embedded/decide.ts';
import { RequestHead } from '../../../src/router/embedded/request-head.ts';

/** Somebody who comes back again and again. */
export interface Person {
  readonly name: string;
  readonly cookie: string;
  /** By app: the release whose candidate they were sent to, as their browser remembers it. */
  readonly admitted: Map<string, string>;
}

const count = 24;

/** Every fourth is of the staff. */
export const crowd = (): readonly Person[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `person-${index}`,
    cookie: `uid=person-${index}; login=anna-${index}${index % 4 === 0 ? '; staff=yes' : ''}`,
    admitted: new Map(),
  }));

export const hostOf = (app: string): string => `${app}.test`;

/** What a router knows of a person's request. @param release the one that a signed cookie of theirs names */
function asked(person: Person, release: string | null): AudienceRequest {
  return {
    address: '192.0.2.1',
    viaProxy: false,
    header: () => null,
    cookie: person.cookie,
    token: noToken,
    id: null,
    release: release === null ? null : { release, side: 'candidate', renew: false },
    place: null,
  };
}

const head = new RequestHead(16);

/** Where the shipped router sends a person by a table, now. */
export function sentTo(table: CompiledTable, app: string, person: Person, today: number): Decision {
  head.method = 'GET';
  head.target = '/';
  head.host = hostOf(app);
  head.cookie = person.cookie;
  const request = asked(person, person.admitted.get(app) ?? null);
  const decision = decide(table, head, { today, asking: () => request, left: false });
  if (decision.kind === 'forward' && decision.visitor?.routed.release === 'set') {
    const release = decision.visitor.audience.table.release?.id;
    if (release !== undefined) person.admitted.set(app, release);
  }
  if (decision.kind === 'forward' && decision.visitor?.routed.release === 'clear')
    person.admitted.delete(app);
  return decision;
}

const compiled = new WeakMap<AudienceTable, CompiledAudiences>();

/** The people whom a release of the table has chosen, by the shipped `route`, whatever they remember. */
export function chosen(table: AudienceTable, people: readonly Person[]): readonly Person[] {
  let ready = compiled.get(table);
  if (ready === undefined) {
    ready = compileAudiences(table, () => null);
    compiled.set(table, ready);
  }
  const audiences = ready;
  return people.filter((person) => route(audiences, asked(person, null)).side === 'candidate');
}
