/** Percentages: who goes first, that nobody is taken back, and that every percentage is one. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { makeProvider } from '../../examples/canary/tokens.ts';
import { askAll, Visitor } from './clients/visitor.ts';
import { Wire } from './clients/wire.ts';
import { World, type Settings } from './harness.ts';
import { forward, reachesStep } from './steps.ts';

const provider = makeProvider();
const bearer = (sub: string): Readonly<Record<string, string>> => ({
  authorization: `Bearer ${provider.token(sub)}`,
});
const jwt =
  'jwt: { key-file: ./keys.json, issuer: "https://login.shop.example/", audience: shop, algorithms: ES256 }';

/** People are known by their tokens, or by a header that here anybody may send. */
const base: Settings = {
  instances: 1,
  tests: [],
  app: { identity: `{ sources: [{ jwt: sub }, { header: x-user-id, from: anyone }], ${jwt} }` },
  files: { 'keys.json': provider.keySet },
};
const ramp = (percents: readonly number[], more: Readonly<Record<string, string>> = {}): Settings => ({
  ...base,
  release: {
    ...more,
    steps: `[${percents.map((percent) => `{ expose: { percent: ${percent}, for: 1h } }`).join(', ')}]`,
  },
});

/** As docs/audiences.md says, computed apart from Teal. */
const bucketOf = (key: string): number =>
  createHash('sha256').update(`shop:${key}`, 'utf8').digest().readUInt32BE(0) % 100_000;

/** Somebody who visits, and what becomes of them between two visits. */
interface Guest {
  readonly visitor: Visitor;
  readonly says: string;
  /** Who they are as long as that is the same; null when only Teal's cookie knows. */
  readonly key: string | null;
  /** Signs in before the second half of the steps, out before the last. */
  readonly signsIn: boolean;
}

function guests(world: World): readonly Guest[] {
  const make = (
    says: string,
    count: number,
    guest: (index: number) => Omit<Guest, 'says'>,
  ): readonly Guest[] =>
    Array.from({ length: count }, (_, index) => ({ says: `${says} ${index}`, ...guest(index) }));
  return [
    ...make('customer without cookies', 120, (index) => ({
      visitor: new Visitor(world.port, { headers: bearer(`c${index}`), keepsCookies: false }),
      key: `c${index}`,
      signsIn: false,
    })),
    ...make('customer', 60, (index) => ({
      visitor: new Visitor(world.port, { headers: bearer(`d${index}`) }),
      key: `d${index}`,
      signsIn: false,
    })),
    ...make('guest', 60, () => ({ visitor: new Visitor(world.port), key: null, signsIn: false })),
    ...make('guest who signs in', 60, () => ({ visitor: new Visitor(world.port), key: null, signsIn: true })),
    ...make('guest without cookies', 20, () => ({
      visitor: new Visitor(world.port, { keepsCookies: false }),
      key: null,
      signsIn: false,
    })),
  ];
}

export async function C17(): Promise<void> {
  const percents = [1, 5, 10, 25, 50];
  await using world = await World.live(ramp(percents));
  await world.build('v2');
  const all = guests(world);
  const visitors = all.map(({ visitor }) => visitor);
  try {
    assert.ok((await askAll(visitors)).every((version) => version === 'v1'));
    await world.deploy('v2');
    const fresh = new Set<Guest>();
    for (const [step, percent] of percents.entries()) {
      await reachesStep(world, step);
      all
        .filter(({ signsIn }) => signsIn)
        .forEach((guest, index) => signs(guest, { step, of: percents.length, index }));
      await rises(all, fresh, percent);
      if (step < percents.length - 1) await forward(world);
    }
    await world.client.command('shop', 'promote', {});
    await world.promoted('v2');
    await rises(all, fresh, 100);
    assert.equal(fresh.size, all.length, 'at the end it is everyone, also who keeps no cookies');
    await world.client.command('shop', 'rollback', {});
    await world.reaches('v1 again', ({ release }) => release?.status === 'rolled-back');
    assert.ok(
      (await askAll(visitors)).every((version) => version === 'v1'),
      'a rollback takes everyone back',
    );
  } finally {
    for (const visitor of visitors) visitor.close();
  }
}

/** Half of them sign out again before the last step. */
function signs(
  { visitor }: Guest,
  at: { readonly step: number; readonly of: number; readonly index: number },
): void {
  const out = at.step === at.of - 1 && at.index % 2 === 0;
  visitor.headers = at.step >= 2 && !out ? bearer(`e${at.index}`) : {};
}

/** Asks everybody twice, and once more who had to be given a cookie first. */
async function rises(all: readonly Guest[], fresh: Set<Guest>, percent: number): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const met = await askAll(all.map(({ visitor }) => visitor));
    for (const [index, guest] of all.entries()) {
      const version = met[index];
      const back = version === 'v1' && fresh.has(guest);
      assert.ok(!back, `${guest.says} was taken back at ${percent} %`);
      if (version === 'v2') fresh.add(guest);
      if (guest.key === null || percent === 100) continue;
      const chosen = bucketOf(guest.key) < percent * 1000;
      assert.equal(
        version,
        chosen ? 'v2' : 'v1',
        `${guest.says}, bucket ${bucketOf(guest.key)}, at ${percent} %`,
      );
    }
  }
  const some = [...fresh].filter(({ key }) => key === null).length;
  if (percent >= 25) assert.ok(some > 0, `nobody whom only a cookie knows has joined at ${percent} %`);
}

/** Each release exposes a first percentage and is aborted; people are asked while it does. */
export async function C18(): Promise<void> {
  await using world = await World.live(base);
  await world.build('v2');
  const keys = Array.from({ length: 1500 }, (_, index) => `p${index}`);
  const same: ReadonlySet<string>[] = [];
  for (let release = 0; release < 3; release++)
    same.push(await firsts(world, keys, ramp([10], { cohort: 'same' })));
  assert.ok((same[0]?.size ?? 0) > 50, `${same[0]?.size} people are too few to tell`);
  for (const again of same) assert.deepEqual([...again], [...(same[0] ?? [])], 'the same people go first');
  const before = new Set<string>();
  // 100 % in sum: everybody is first exactly once.
  for (const width of [30, 5, 1, 30, 34]) {
    const now = await firsts(world, keys, ramp([width], { cohort: 'fresh' }));
    const again = [...now].filter((key) => before.has(key));
    assert.equal(
      again.length,
      0,
      `${again.length} people are first again at ${width} %, before all have been`,
    );
    assert.ok(now.size > 0, `nobody is first at ${width} %`);
    for (const key of now) before.add(key);
  }
  assert.equal(before.size, keys.length, 'then all have been first');
  const next = await firsts(world, keys, ramp([5], { cohort: 'fresh' }));
  assert.deepEqual(
    [...next],
    keys.filter((key) => bucketOf(key) < 5000),
    'and it begins anew',
  );
}

/** Who is exposed by the first step of a release, which is aborted then. */
async function firsts(
  world: World,
  keys: readonly string[],
  settings: Settings,
): Promise<ReadonlySet<string>> {
  await world.apply(settings);
  await world.deploy('v2');
  await reachesStep(world, 0);
  const met = await versions(world, keys);
  await world.client.command('shop', 'abort', {});
  await world.reaches('aborted', ({ release }) => release?.status === 'aborted');
  return new Set(keys.filter((_, index) => met[index] === 'v2'));
}

/** The version that each of these people meets, asked in heaps on a few connections, without cookies. */
async function versions(world: World, keys: readonly string[]): Promise<readonly string[]> {
  const lanes = 4;
  const met: string[] = [];
  const ask = async (lane: number): Promise<void> => {
    const wire = new Wire(world.port, `lane ${lane}`);
    const own = keys.flatMap((key, index) => (index % lanes === lane ? [{ key, index }] : []));
    for (let at = 0; at < own.length; at += 50) {
      const some = own.slice(at, at + 50);
      wire.socket.cork();
      const answers = some.map(({ key }) =>
        wire.send(Buffer.from(`GET /version HTTP/1.1\r\nHost: shop\r\nX-User-Id: ${key}\r\n\r\n`)),
      );
      wire.socket.uncork();
      for (const [place, { status, headers }] of (await Promise.all(answers)).entries()) {
        assert.equal(status, 200);
        met[some[place]?.index ?? 0] = headers.get('x-version') ?? '?';
      }
    }
    wire.close();
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => ask(lane)));
  return met;
}

const given = ['José', 'Zoë', '김민준', 'Łukasz', 'أحمد', 'Дмитрий', 'さくら', 'Þór'];
const uuid = (index: number): string => {
  const hex = createHash('md5').update(`${index}`).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-');
};
const numbers = (to: number): readonly string[] => Array.from({ length: to }, (_, index) => `${index + 1}`);
const identities: Readonly<Record<string, readonly string[]>> = {
  '1 to 9': numbers(9),
  '1 to 100': numbers(100),
  '1 to 1000': numbers(1000),
  '1 to 10000': numbers(10_000),
  UUIDs: Array.from({ length: 2000 }, (_, index) => uuid(index)),
  'e-mail addresses': Array.from({ length: 2000 }, (_, index) => `user.${index}@example.com`),
  'names in many scripts': Array.from(
    { length: 2000 },
    (_, index) => `${given[index % given.length]} ${index}`,
  ),
};

/** 5 standard deviations, and never less than one person: by chance one set in two million is outside. */
const allowed = (people: number, share: number): number =>
  Math.max(2, 5 * Math.sqrt(people * share * (1 - share)));

export async function C19(): Promise<void> {
  const percents = [10, 50];
  await using world = await World.live(ramp(percents));
  await world.build('v2');
  await world.deploy('v2');
  const all = [...new Set(Object.values(identities).flat())];
  for (const [step, percent] of percents.entries()) {
    await reachesStep(world, step);
    const met = await versions(world, all);
    const chosen = new Set(all.filter((_, index) => met[index] === 'v2'));
    for (const [says, keys] of Object.entries(identities)) {
      const many = keys.filter((key) => chosen.has(key)).length;
      const expected = (keys.length * percent) / 100;
      const bound = allowed(keys.length, percent / 100);
      const off = `${many} of ${keys.length} (${says}) at ${percent} %: not ${expected} ± ${Math.round(bound)}`;
      assert.ok(Math.abs(many - expected) <= bound, off);
    }
    if (step < percents.length - 1) await forward(world);
  }
}

/** What a browser has kept over two releases. */
export async function C20(): Promise<void> {
  await using world = await World.live(ramp([60]));
  await world.build('v2');
  await world.build('v3');
  await world.deploy('v2');
  await reachesStep(world, 0);
  const visitors = Array.from({ length: 30 }, () => new Visitor(world.port));
  try {
    // First they get an identity; by it some are chosen then.
    await askAll(visitors);
    const met = await askAll(visitors);
    const chosen = visitors.filter((_, index) => met[index] === 'v2');
    assert.ok(chosen.length > 5 && chosen.length < 29, `${chosen.length} of 30 were chosen`);
    const cookies = chosen.map(({ jar }) => new Map(jar));
    for (const jar of cookies) assert.deepEqual([...jar.keys()].toSorted(), ['teal-id', 'teal-release']);
    await forward(world);
    await world.promoted('v2');
    await askAll(visitors);
    for (const { jar } of visitors)
      assert.deepEqual([...jar.keys()], ['teal-id'], 'the release cookie goes with the release');
    for (const [index, { jar }] of chosen.entries())
      assert.equal(jar.get('teal-id'), cookies[index]?.get('teal-id'), 'the identity cookie stays as it is');
    // In the next release the one of before is sent along again: it decides nothing.
    await world.deploy('v3');
    await reachesStep(world, 0);
    const next = await askAll(visitors);
    const old = chosen.map((_, index) => {
      const again = new Visitor(world.port);
      for (const [name, value] of cookies[index] ?? []) again.jar.set(name, value);
      return again;
    });
    const withOld = await askAll(old);
    const without = chosen.map((visitor) => next[visitors.indexOf(visitor)]);
    for (const visitor of old) visitor.close();
    assert.deepEqual(withOld, without, 'an old release cookie changes nothing');
    assert.ok(
      without.includes('v2') && without.includes('v3'),
      'another window: some are chosen again, some are not',
    );
    for (const { jar } of old) assert.ok(!jar.get('teal-release')?.includes('.shop-2.'), 'and is taken away');
  } finally {
    for (const visitor of visitors) visitor.close();
  }
}
