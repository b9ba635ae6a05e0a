import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucketOf, buckets } from '../../src/audience/bucket.ts';
import {
  beginCohort,
  countFirsts,
  firstCohort,
  type CohortState,
  type ReleaseCohort,
} from '../../src/audience/cohort.ts';
import { compileAudiences, type CompiledTable } from '../../src/audience/compile.ts';
import { noToken, type AudienceRequest } from '../../src/audience/request.ts';
import { route, type Routed } from '../../src/audience/route.ts';
import { setCookies } from '../../src/audience/set-cookie.ts';
import { readId, readRelease, type Signer } from '../../src/audience/signed.ts';
import type { Exposure } from '../../src/audience/table.ts';
import type { Rule } from '../../src/config/audience.ts';

/**
 * Random walks of people (who log in and out, change their address, keep cookies or drop them) through releases that begin, expose more,
 * go live, end, or are rolled back. The model knows only what version each person saw last; the routing is the real one, with
 * real cookies in a model of a browser.
 */

const signer: Signer = {
  app: 'shop',
  keys: [{ id: 'k1', secret: Buffer.alloc(32, 1).toString('base64url') }],
};

const audiences: Readonly<Record<string, Rule>> = {
  staff: { kind: 'groups', claim: 'groups', groups: ['staff'] },
  office: { kind: 'cidr', ranges: ['192.0.2.0/24'] },
  few: { kind: 'percent', width: 3000 },
  mixed: {
    kind: 'any',
    rules: [
      { kind: 'audience', name: 'office' },
      {
        kind: 'all',
        rules: [
          { kind: 'percent', width: 20_000 },
          { kind: 'audience', name: 'staff' },
        ],
      },
    ],
  },
};

class Person {
  readonly name: string;
  readonly keeps: boolean;
  readonly groups: readonly string[];
  readonly jar = new Map<string, string>();
  loggedIn: boolean;
  atOffice = false;
  /** The newest version they were sent to. */
  newest = 0;

  constructor(index: number, keeps: boolean) {
    this.name = `person-${index}`;
    this.keeps = keeps;
    this.groups = index % 4 === 0 ? ['staff'] : [];
    this.loggedIn = index % 3 === 0;
  }

  /** Who drops cookies has nothing but what every request says: it stays as it is, or they are other people. */
  do(change: 'login' | 'logout' | 'move'): void {
    if (!this.keeps) return;
    if (change === 'move') this.atOffice = !this.atOffice;
    else this.loggedIn = change === 'login';
  }

  request(release: string | null, now: number): AudienceRequest {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    return {
      address: this.atOffice ? '192.0.2.7' : '203.0.113.7',
      viaProxy: false,
      header: () => null,
      cookie,
      token: this.loggedIn ? { ok: true, claims: { sub: this.name, groups: this.groups } } : noToken,
      id: readId(signer, cookie, now),
      release: readRelease(signer, cookie, { now, current: release }),
    };
  }

  store(lines: readonly string[]): void {
    if (!this.keeps) return;
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (line.includes('Max-Age=0')) this.jar.delete(name);
      else this.jar.set(name, value);
    }
  }
}

/** The app as the control plane would hold it. */
class Site {
  readonly cohort: 'same' | 'fresh';
  readonly anonymous: 'keep' | 'release' | 'off';
  state: CohortState = firstCohort;
  live = 1;
  candidate = 1;
  release: { readonly id: string; cohort: ReleaseCohort; exposed: readonly Exposure[] } | null = null;
  #releases = 0;
  #keys = 0;

  constructor(cohort: 'same' | 'fresh', anonymous: 'keep' | 'release' | 'off') {
    this.cohort = cohort;
    this.anonymous = anonymous;
  }

  begin(): void {
    if (this.release !== null) return;
    this.candidate = this.live + 1;
    this.release = {
      id: `shop-${++this.#releases}`,
      cohort: beginCohort(this.state, this.cohort),
      exposed: [],
    };
  }

  /** Only ever adds, as the steps of a release do. */
  expose(exposure: Exposure): void {
    const { release } = this;
    if (release === null) return;
    const before = release.exposed.find((one) => one.to.join() === exposure.to.join())?.width ?? 0;
    if (exposure.width < before) return;
    release.exposed = [...release.exposed, exposure];
    if (exposure.width < buckets) {
      const counted = countFirsts(this.state, release.cohort, exposure.width);
      this.state = counted.state;
      release.cohort = counted.release;
    }
  }

  promote(): void {
    if (this.release === null) return;
    this.live = this.candidate;
    this.release = null;
  }

  /** @returns the version that everybody is back at */
  rollBack(): number {
    this.release = null;
    return this.live;
  }

  table(): CompiledTable {
    return compileAudiences(
      {
        app: 'shop',
        live: 'blue',
        release:
          this.release === null
            ? null
            : { id: this.release.id, candidate: 'green', cohort: this.cohort, exposed: this.release.exposed },
        identity: {
          sources: [{ kind: 'jwt', claim: 'sub' }],
          anonymous: this.anonymous,
          cookieDomain: null,
          jwt: null,
        },
        audiences,
        paths: ['/'],
        offset: this.release?.cohort.offset ?? this.state.offset,
      },
      () => null,
    );
  }

  /** One request, with the cookies that its answer brings. @returns the version that answered */
  serve(person: Person, now: number): { readonly version: number; readonly routed: Routed } {
    const table = this.table();
    const request = person.request(this.release?.id ?? null, now);
    const routed = route(table, request);
    const newKey = (): string => Buffer.from(`key ${++this.#keys}`.padEnd(16)).toString('base64url');
    person.store(setCookies(table, request, routed, { signer, now, secure: true, newKey }));
    return { version: routed.side === 'candidate' ? this.candidate : this.live, routed };
  }
}

type Action =
  | { readonly do: 'request'; readonly who: number }
  | { readonly do: 'login' | 'logout' | 'move'; readonly who: number }
  | { readonly do: 'begin' | 'promote' | 'rollback' | 'wait' }
  | { readonly do: 'expose'; readonly exposure: Exposure };

const people = 12;
const who = fc.integer({ min: 0, max: people - 1 });
const width = fc.constantFrom(1000, 5000, 10_000, 25_000, 50_000, 95_000, buckets);
const to = fc.constantFrom<readonly string[]>(
  [],
  ['staff'],
  ['office'],
  ['few'],
  ['mixed'],
  ['staff', 'office'],
);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: who.map((index): Action => ({ do: 'request', who: index })) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom('login' as const, 'logout' as const, 'move' as const), who)
      .map(([change, index]): Action => ({ do: change, who: index })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(to, width)
      .map(([names, wide]): Action => ({ do: 'expose', exposure: { to: names, width: wide } })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Action>(
      { do: 'begin' },
      { do: 'begin' },
      { do: 'promote' },
      { do: 'rollback' },
      { do: 'wait' },
    ),
  },
);

const day = 86_400_000;

interface Walk {
  readonly site: Site;
  readonly crowd: readonly Person[];
  now: number;
}

function take(walk: Walk, step: Action): void {
  const { site, crowd } = walk;
  switch (step.do) {
    case 'request': {
      const person = crowd[step.who] as Person;
      const { version, routed } = site.serve(person, walk.now);
      assert.ok(
        version >= person.newest,
        `${person.name} saw ${person.newest}, now ${version}: ${routed.reason}`,
      );
      person.newest = version;
      return;
    }
    case 'login':
    case 'logout':
    case 'move':
      (crowd[step.who] as Person).do(step.do);
      return;
    case 'begin':
      site.begin();
      return;
    case 'expose':
      site.expose(step.exposure);
      return;
    case 'promote':
      site.promote();
      return;
    case 'rollback': {
      const back = site.rollBack();
      for (const person of crowd) person.newest = Math.min(person.newest, back);
      return;
    }
    case 'wait':
      // Far less than the release cookie holds, so that no walk is long enough to outlive it.
      walk.now += 4 * day;
  }
}

test('C17: nobody sees the old version after the new one but by a rollback, also across login, logout and another address, and without cookies', () => {
  const policy = fc.tuple(
    fc.constantFrom('same' as const, 'fresh' as const),
    fc.constantFrom('keep' as const, 'release' as const, 'off' as const),
  );
  const walk = fc.array(action, { minLength: 20, maxLength: 120, size: 'max' });
  fc.assert(
    fc.property(policy, walk, ([cohort, anonymous], steps) => {
      const site = new Site(cohort, anonymous);
      const crowd = Array.from({ length: people }, (_, index) => new Person(index, index % 4 !== 3));
      const state: Walk = { site, crowd, now: 1_800_000_000_000 };
      site.begin();
      for (const step of steps) take(state, step);
      for (let index = 0; index < people; index++) take(state, { do: 'request', who: index });
    }),
    { numRuns: 150 },
  );
});

test('C17 can fail: without the release cookie, logging out takes people back', () => {
  const site = new Site('same', 'keep');
  const index =
    Array.from({ length: 1000 }, (_, at) => at).find(
      (at) => at % 3 === 0 && bucketOf('shop', `person-${at}`) < 5000,
    ) ?? 0;
  const person = new Person(index, true);
  site.begin();
  site.expose({ to: [], width: 5000 });
  assert.equal(site.serve(person, 0).version, 2);
  person.do('logout');
  assert.equal(site.serve(person, 0).version, 2);
  person.jar.delete('teal-release');
  assert.equal(site.serve(person, 0).version, 1);
});

test('raising a percentage only adds people, in same and fresh cohorts, for any key', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), { minLength: 5, maxLength: 40 }),
      fc.integer({ min: 0, max: buckets - 1 }),
      fc.array(fc.integer({ min: 0, max: buckets }), { minLength: 2, maxLength: 6 }),
      (keys, offset, widths) => {
        let before = new Set<string>();
        for (const wide of widths.toSorted((one, two) => one - two)) {
          const now = new Set(keys.filter((key) => chosen(key, offset, wide)));
          for (const key of before) assert.ok(now.has(key), `${key} left at ${wide}`);
          before = now;
        }
      },
    ),
    { numRuns: 60 },
  );
});

function chosen(sub: string, offset: number, wide: number): boolean {
  const table = compileAudiences(
    {
      app: 'shop',
      live: 'blue',
      release: { id: 'shop-1', candidate: 'green', cohort: 'fresh', exposed: [{ to: [], width: wide }] },
      identity: { sources: [{ kind: 'jwt', claim: 'sub' }], anonymous: 'off', cookieDomain: null, jwt: null },
      audiences: {},
      paths: ['/'],
      offset,
    },
    () => null,
  );
  const request: AudienceRequest = {
    address: '',
    viaProxy: false,
    header: () => null,
    cookie: '',
    token: { ok: true, claims: { sub } },
    id: null,
    release: null,
  };
  return route(table, request).side === 'candidate';
}

test('who drops cookies and has no identity stays with the live version, however wide the percentage below all', () => {
  const site = new Site('same', 'keep');
  const person = new Person(1, false);
  site.begin();
  site.expose({ to: [], width: 99_999 });
  for (let count = 0; count < 20; count++) assert.equal(site.serve(person, 0).version, 1);
});

test('an anonymous person counts from the second request on, and stays where the first placed them', () => {
  const site = new Site('same', 'keep');
  const person = new Person(1, true);
  site.begin();
  site.expose({ to: [], width: 99_999 });
  const first = site.serve(person, 0);
  assert.equal(first.routed.reason, 'no-identity');
  const second = site.serve(person, 0);
  assert.equal(second.routed.reason, 'percent');
  assert.deepEqual([...person.jar.keys()].toSorted(), ['teal-id', 'teal-release']);
  site.promote();
  site.serve(person, 0);
  assert.deepEqual([...person.jar.keys()], ['teal-id'], 'C20: the release cookie goes, the identity stays');
});

test('C20: an old release cookie does no harm in a later release', () => {
  const site = new Site('fresh', 'keep');
  const person = new Person(4, true);
  person.do('login');
  site.begin();
  site.expose({ to: ['staff'], width: buckets });
  assert.equal(site.serve(person, 0).version, 2);
  site.rollBack();
  site.begin();
  const { version, routed } = site.serve(person, 0);
  assert.equal(version, 1);
  assert.equal(routed.release, 'clear');
});

test('an identity that is written again, since its key is old, stays the same person', () => {
  const site = new Site('same', 'keep');
  const person = new Person(1, true);
  site.begin();
  site.expose({ to: [], width: 50_000 });
  site.serve(person, 0);
  const before = readId(signer, `teal-id=${person.jar.get('teal-id') ?? ''}`, 0);
  assert.ok(before);
  // More than half of 400 days.
  const later = 210 * day;
  assert.equal(site.serve(person, later).routed.id, 'renew');
  const after = readId(signer, `teal-id=${person.jar.get('teal-id') ?? ''}`, later);
  assert.deepEqual(after, { ...before, renew: false });
});
