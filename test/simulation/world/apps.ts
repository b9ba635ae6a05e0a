import type { App, Role } from '../../../src/config/config.ts';
import type { ReleasePolicy, StepPolicy } from '../../../src/config/release.ts';
import { app as plainApp, judged } from '../../release/story.ts';
import type { Random } from '../random.ts';
import { hostOf } from './people.ts';

/** The apps of a simulation: small durations, every kind of step, sometimes a group. */
export function appsOf(random: Random): readonly App[] {
  const grouped = random.chance(0.2);
  const names = ['shop', 'blog', 'mail'].slice(0, grouped ? 2 : random.between(1, 3));
  const policy = policyOf(random);
  return names.map((name) => {
    const own = grouped ? policy : policyOf(random);
    return {
      ...appOf(random, name, own),
      ...(grouped ? { group: 'suite' } : {}),
    };
  });
}

function appOf(random: Random, name: string, policy: Partial<ReleasePolicy>): App {
  const make = random.chance(0.35) ? judged : plainApp;
  const app = make(policy, rolesOf(random, name));
  return {
    ...app,
    name,
    hosts: [hostOf(name)],
    identity: { ...app.identity, sources: [{ kind: 'cookie', name: 'uid' }] },
    audiences: {
      staff: { kind: 'cookie', name: 'staff', match: { kind: 'present' } },
      some: { kind: 'percent', width: 30_000 },
    },
    drain: { streams: 'drain', deadlineMs: random.between(200, 4000) },
    ...(app.judge == null ? {} : { judge: { ...app.judge, tickMs: random.between(500, 3000) } }),
    skew: random.chance(0.2) ? 'pin' : 'off',
  };
}

function rolesOf(random: Random, name: string): Partial<Role>[] {
  const web: Partial<Role> = {
    hosts: [hostOf(name)],
    instances: random.between(1, 3),
    health: {
      path: '/',
      status: [[200, 299]],
      intervalMs: 1000,
      timeoutMs: 1000,
      deadlineMs: random.between(5000, 9000),
      fall: 3,
    },
    stop: { signal: 'SIGTERM', deadlineMs: 1000 },
  };
  if (random.chance(0.7)) return [web];
  const jobs: Partial<Role> = {
    name: 'jobs',
    kind: 'background',
    runsIn: 'live',
    health: null,
    instances: 1,
    paths: [],
  };
  return [web, jobs];
}

function policyOf(random: Random): Partial<ReleasePolicy> {
  const steps = random.chance(0.25) ? [] : stepsOf(random);
  return {
    strategy: 'steps',
    tests: random.chance(0.5) ? [{ kind: 'command', name: 'smoke', command: 'true', timeoutMs: 5000 }] : [],
    steps,
    cohort: random.pick(['same', 'fresh']),
    promote: random.pick([
      { kind: 'auto', afterMs: 0 },
      { kind: 'auto', afterMs: 3000 },
      { kind: 'manual' },
    ] as const),
    previewInstances: random.pick([1, 'all'] as const),
    deadlineMs: random.between(30_000, 90_000),
    rollbackWindowMs: random.between(1000, 25_000),
  };
}

function stepsOf(random: Random): readonly StepPolicy[] {
  let percent = 0;
  return Array.from({ length: random.between(1, 5) }, (): StepPolicy => {
    switch (random.between(0, 7)) {
      case 0:
        return { kind: 'wait', ms: random.between(500, 6000) };
      case 1:
        return {
          kind: 'approve',
          role: null,
          by: null,
          fourEyes: random.chance(0.3),
          expiresMs: random.chance(0.5) ? random.between(5000, 20_000) : null,
          onExpiry: random.pick(['abort', 'advance']),
        };
      case 2:
        return {
          kind: 'mirror',
          of: [],
          percent: 50,
          methods: ['GET'],
          forMs: random.between(500, 4000),
          timeoutMs: 1000,
          maxBodyBytes: 1000,
        };
      case 3:
        return { ...exposeOf(random), to: [random.pick(['staff', 'some'])], percent: null };
      default:
        percent = Math.min(percent + random.between(1, 40), 99);
        return { ...exposeOf(random), to: [], percent };
    }
  });
}

function exposeOf(random: Random): StepPolicy & { kind: 'expose' } {
  return {
    kind: 'expose',
    to: [],
    percent: null,
    forMs: random.between(500, 8000),
    judge: random.pick(['off', 'hold', 'on'] as const),
    atMostMs: random.between(9000, 15_000),
    withoutEvidence: random.pick(['ask', 'advance', 'rollback'] as const),
  };
}
