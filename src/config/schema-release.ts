/** The keys of teal.yaml that say how a version goes live: tests, steps, gates. */
import * as v from 'valibot';
import { requestPath, status } from './kinds-network.ts';
import {
  choice,
  duration,
  integer,
  percent,
  previewInstances,
  promote,
  size,
  text,
  trueOrFalse,
} from './kinds-plain.ts';
import { choose, isMap, keys, leaf, wrong, type Leaf } from './leaf.ts';
import { day, hours, weekdays, zone } from './kinds-time.ts';
import { key, maybe, needed } from './schema-keys.ts';

const testName = leaf({
  expected: 'a name of at most 60 printable characters',
  json: { type: 'string', minLength: 1, maxLength: 60 },
  read: (input) =>
    typeof input === 'string' && /^\P{C}{1,60}$/u.test(input)
      ? { value: input }
      : wrong('write a short name, such as smoke'),
});

const commandTest = keys({
  command: needed(
    text('a command line such as node smoke.js', 'node smoke.js'),
    'Run by a shell in the directory of the version, with TEAL_PREVIEW_URL and TEAL_VERSION; passes with exit code 0.',
  ),
  name: maybe(testName, 'Shown in status and history. The command by default.'),
  timeout: key(
    duration(),
    '60s',
    'Fails when it has not ended by then. 60s by default: a smoke test that takes longer is no smoke test.',
  ),
});

const httpTest = keys({
  http: needed(requestPath, 'Path asked for through the router, in the environment to be tested.'),
  name: maybe(testName, 'Shown in status and history. Method and path by default.'),
  method: key(choice(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']), 'GET', 'GET by default.'),
  status: key(status, '200-299', 'Status codes that pass. 200-299 by default.'),
  contains: maybe(text('text', 'text'), 'What the body must hold, letter by letter.'),
  timeout: key(duration(), '10s', 'For the whole answer. 10s by default.'),
});

const noTest = leaf<never>({
  expected: 'a map with the key command or http',
  json: {},
  read: () => wrong('write { command: node smoke.js } or { http: /, status: 200 }'),
});

export const test = choose<
  v.GenericSchema<unknown, v.InferOutput<typeof commandTest> | v.InferOutput<typeof httpTest>>
>(
  (input) => {
    if (!isMap(input) || !('http' in input || 'command' in input)) return noTest;
    return 'http' in input ? httpTest : commandTest;
  },
  [commandTest, httpTest],
);

const nameOf = (what: string, remedy: string): Leaf<string> =>
  leaf({
    expected: what,
    json: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,39}$' },
    read: (input) =>
      typeof input === 'string' && /^[a-z][a-z0-9-]{0,39}$/.test(input) ? { value: input } : wrong(remedy),
  });

const audienceName = nameOf(
  'the name of an audience',
  'write the name of one under audiences, such as staff',
);

/** Somebody who asks Teal for something. */
export const person: Leaf<string> = leaf({
  expected: 'the name of a person, such as anna, or of a machine, such as ci:main',
  json: { type: 'string', minLength: 1, maxLength: 100 },
  read: (input) =>
    typeof input === 'string' && /^[\w.@+-]+(:[\w.@+/-]+)?$/.test(input) && input.length <= 100
      ? { value: input }
      : wrong('write a name without blanks, such as anna'),
});

const expose = keys({
  to: key(
    v.array(audienceName),
    [],
    'Audiences whose people are sent to the candidate from this step on, beside those of earlier steps.',
  ),
  percent: maybe(
    percent,
    'How many of those audiences, or of everyone when none is named; all of them when left out. More than in an earlier step for the same audiences: nobody is ever sent back but by a rollback.',
  ),
  for: maybe(
    duration(0),
    'How long, counted from when every router has it; at least that long with judge: on. When left out: as long as the judge takes to see that it is safe; 10m where that does not decide, since faults that people meet at once show by then.',
  ),
  judge: maybe(
    choice(['off', 'hold', 'on']),
    'on: goes on when it is shown to be safe; hold: goes on after its time, but not while there is evidence of harm; off: goes on after its time, whatever the judge says. With on and hold everyone goes back on evidence of harm. When left out: hold where `for` is given, else on; off where the judge of the app is off.',
  ),
  'without-evidence': maybe(
    choice(['ask', 'advance', 'rollback']),
    'With judge: on, what happens when judge.max has passed and it is not shown to be safe. ask waits for `teal approve`, and the judge goes on meanwhile. ask by default: too few people came to know, and somebody may.',
  ),
});

/** All of a body is kept until it is there, of as many requests as may be copied at a time. */
const largestCopied = 1024 ** 2;

const mirror = keys({
  of: key(v.array(audienceName), [], "Audiences whose requests are copied. Everyone's by default."),
  percent: maybe(
    percent,
    'How many of those requests, each chosen by itself; all of them when left out. The candidate grows to as much before.',
  ),
  methods: key(
    v.pipe(
      v.array(choice(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])),
      v.minLength(1),
    ) as unknown as v.GenericSchema<unknown, string[]>,
    ['GET', 'HEAD'],
    'Which are copied. GET and HEAD by default: a copy of a write is done a second time, in whatever database both versions have.',
  ),
  for: key(
    duration(0),
    '10m',
    'How long, counted from when every router has it. 10m by default: faults that traffic brings to light at once show by then.',
  ),
  timeout: key(
    duration(),
    '10s',
    'After which a copy is given up. 10s by default: it holds a connection, and nobody waits for it.',
  ),
  'max-body': key(
    size(0, largestCopied),
    '64KB',
    'Requests with a longer body are not copied. 64KB by default: it is kept until all of it has come, and forms and calls of an API are smaller. At most 1MB.',
  ),
});

const approve = keys({
  role: maybe(
    nameOf('a role in people', 'write the name of one under people'),
    'Anyone whom `people` lists under this role may approve.',
  ),
  by: key(v.array(person), [], 'People who may approve, beside those of the role. Anyone by default.'),
  'four-eyes': key(
    trueOrFalse,
    false,
    'Whether the one who deployed may not approve. false by default: one person with one server is alone.',
  ),
  expires: maybe(duration(1000), 'How long approval is waited for. For ever when left out.'),
  'on-expiry': key(
    choice(['abort', 'advance']),
    'abort',
    'What happens then. abort by default: silence is no consent.',
  ),
});

const warm = keys({
  paths: key(v.array(requestPath), ['/'], 'Asked for with GET on the candidate.'),
  count: key(
    integer(1, 100_000),
    100,
    'How often each. 100 by default: enough for caches and compilers to have seen the code.',
  ),
});

const shapes = {
  test: keys({ test: needed(testName, 'The test of this name (of `tests`) runs here instead of first.') }),
  warm: keys({
    warm: needed(warm, 'Requests to the candidate before people meet it; their answers do not matter.'),
  }),
  expose: keys({ expose: needed(expose, 'Sends a part of the people to the candidate.') }),
  mirror: keys({
    mirror: needed(mirror, "Sends the candidate copies of live's requests, and throws its answers away."),
  }),
  wait: keys({ wait: needed(duration(), 'Lets time pass.') }),
  approve: keys({ approve: needed(approve, 'Waits for `teal approve`.') }),
} as const;

const approveWord = leaf<{ readonly approve: v.InferOutput<typeof approve> }>({
  expected: 'a step',
  json: { const: 'approve' },
  read: () => ({ value: { approve: v.parse(approve, {}) } }),
});

const noStep = leaf<never>({
  expected: 'a map with one of the keys test, warm, mirror, expose, wait, approve',
  json: {},
  read: (input) =>
    wrong(
      input === 'promote' || (isMap(input) && 'promote' in input)
        ? 'remove it: to promote is always the last step'
        : 'write { expose: { percent: 5, for: 10m } }, { wait: 10m } or approve',
    ),
});

type StepShape = v.InferOutput<(typeof shapes)[keyof typeof shapes]>;

const step = choose<v.GenericSchema<unknown, StepShape>>(
  (input) => {
    if (input === 'approve') return approveWord;
    if (!isMap(input)) return noStep;
    const kind = (Object.keys(shapes) as (keyof typeof shapes)[]).find((name) => name in input);
    return kind === undefined ? noStep : shapes[kind];
  },
  [...Object.values(shapes), approveWord],
);

const window = keys({
  days: key(weekdays, 'mon-fri', 'Days of the week. mon-fri by default: people are there then.'),
  hours: key(hours, '09:00-17:00', 'From and to, in quotes. 09:00-17:00 by default.'),
  zone: key(zone, 'UTC', 'Time zone. UTC by default: the same on every machine.'),
});

export const release = keys({
  strategy: maybe(
    choice(['blue-green', 'canary', 'cautious']),
    'blue-green: everyone moves in one switch; canary: 1, 5, 10, 25, 50 and 95 % of the people for a while each, then everyone; cautious: the same, slower, and with two approvals. blue-green when neither this nor steps is given.',
  ),
  steps: maybe(
    v.pipe(v.array(step), v.minLength(1)) as unknown as v.GenericSchema<unknown, StepShape[]>,
    'What happens between the tests and the switch, in this order, instead of a strategy that has a name.',
  ),
  cohort: key(
    choice(['fresh', 'same']),
    'fresh',
    'Which people a percentage selects. fresh: nobody goes first again until everybody has; same: the same people go first in every release. fresh by default: nobody is always the one who meets the faults.',
  ),
  tests: key(
    v.array(test),
    [],
    'Run in this order against the candidate before it goes live; the first that fails aborts the release. None by default: only health decides.',
  ),
  windows: key(
    v.array(window),
    [],
    'When steps may advance and deploys may begin; outside they wait. Going back is always allowed. Always by default.',
  ),
  holidays: key(v.array(day), [], 'Days without windows, such as 2026-12-25.'),
  promote: key(
    promote,
    'auto',
    'auto: goes live when the tests are green; after 10m: that much later; manual: waits for `teal promote`. auto by default: `teal deploy` means to deploy.',
  ),
  'preview-instances': maybe(
    previewInstances,
    'Web instances of the candidate while it is tested; it grows before each step that sends people to it, and to full size before the switch. When left out: all for blue-green, so that what is tested is what goes live; else 1.',
  ),
  deadline: key(
    duration(1000),
    '10m',
    'From deploy to switch, pauses and the times of steps not counted; then the release aborts. 10m by default: no release is forgotten halfway.',
  ),
  'rollback-window': key(
    duration(0),
    '1h',
    'How long the old environment stays warm after the switch, so that rollback is instant. 1h by default: most bad releases show within it.',
  ),
});

export type StepInput = StepShape;
