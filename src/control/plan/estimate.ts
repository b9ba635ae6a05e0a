import { compileAudiences } from '../../audience/compile.ts';
import { asksForPlace } from '../../audience/asks.ts';
import type { Place } from '../../audience/request.ts';
import type { AudienceTable } from '../../audience/table.ts';
import type { ExposePolicy, MirrorPolicy } from '../../config/release.ts';
import { TealError } from '../../errors.ts';
import type { Scheduled } from '../../release/schedule.ts';
import { openPlaces, type Places } from '../../router/facts/places.ts';
import type { PlanEstimate, PlanTraffic } from '../contract.ts';
import type { KnownState } from '../known.ts';
import { evidenceMs, patienceMs, proposal, type Population } from './evidence.ts';
import { logLines } from './log-file.ts';
import { activeMs } from './people.ts';
import { Replay, type Replayed } from './replay.ts';
import { stepYaml } from './step-yaml.ts';

interface Estimating {
  readonly state: KnownState;
  readonly scheduled: readonly Scheduled[];
  /** Before the release exposes anybody. */
  readonly base: AudienceTable;
  /** One for each `expose` step among them. */
  readonly tables: readonly AudienceTable[];
  /** Absolute path of the access log. */
  readonly log: string;
  readonly now: number;
  readonly geoDatabase: string | null;
}

/** What a log says about each step; null for those that expose nobody. */
export interface Estimates {
  readonly traffic: PlanTraffic;
  readonly steps: readonly (PlanEstimate | null)[];
  /** Of each step: copies of requests, at most, since logs need not tell methods and bodies; null for those that make none. */
  readonly copies: readonly (number | null)[];
  readonly proposal: readonly string[] | null;
  readonly notes: readonly string[];
}

/** Reads a log and asks of everybody in it where the steps would send them. @throws TealError `usage` when it tells nothing */
export async function estimates(estimating: Estimating, signal: AbortSignal): Promise<Estimates> {
  const warnings: string[] = [];
  const places = await placesFor(estimating, (message) => warnings.push(message));
  try {
    const { told, exposes } = await replayed(estimating, places, signal);
    const all = [...told.people.all()];
    const { scale } = told.people;
    const span = Math.max(told.to - told.from, activeMs);
    const activity = all.reduce((sum, { active }) => sum + active, 0);
    const rate = all.filter(({ failed }) => failed).length / (activity / activeMs);
    const populations = exposes.map((_, index): Population => {
      const active = all.reduce((sum, one) => sum + (one.belongs[index] === true ? one.active : 0), 0);
      return { active: (active * scale) / span, rate };
    });
    const made = exposes.map((step, index): PlanEstimate => {
      const reached = all.filter(({ from }) => from <= index);
      const seen = reached.reduce((sum, { pieces }) => sum + (pieces[index]?.seen ?? 0), 0);
      const requests = reached.reduce((sum, one) => sum + one.requests, 0);
      return {
        people: Math.round((seen * scale) / Math.max(1, span / patienceMs(step))),
        requests: Math.round((requests * scale * patienceMs(step)) / span),
        ...evidenceOf(step, populations[index]),
      };
    });
    const populationOf = (step: ExposePolicy): Population =>
      populations[exposes.findIndex((one) => one === step)] ?? { active: 0, rate: 0 };
    // Of a first version nobody is exposed to, no evidence is gathered.
    const better =
      exposes.length === 0 ? null : proposal(estimating.state.config.release.steps, populationOf);
    const mirrors = mirrorsOf(estimating.scheduled);
    const copies = mirrors.map((step, index): number => {
      const asked = all.filter(({ belongs }) => belongs[exposes.length + index] === true);
      const requests = asked.reduce((sum, one) => sum + one.requests, 0);
      return Math.round((requests * scale * step.forMs * (step.percent ?? 100)) / (100 * span));
    });
    let next = 0;
    return {
      copies: estimating.scheduled.map(({ step }) =>
        step.kind === 'mirror' ? (copies[mirrors.indexOf(step)] ?? null) : null,
      ),
      traffic: trafficOf(estimating.log, told, Math.round(all.length * scale)),
      steps: estimating.scheduled.map(({ step }) => (step.kind === 'expose' ? (made[next++] ?? null) : null)),
      proposal: better?.map(stepYaml) ?? null,
      notes: [...warnings, ...doubts(told, all.length)],
    };
  } finally {
    places?.close();
  }
}

async function replayed(
  { state, scheduled, base, tables, log, now }: Estimating,
  places: Places | null,
  signal: AbortSignal,
): Promise<{ readonly told: Replayed; readonly exposes: readonly ExposePolicy[] }> {
  const lookUp = (address: string): Place | null => places?.lookUp(address) ?? null;
  const exposes = scheduled.flatMap(({ step }) => (step.kind === 'expose' ? [step] : []));
  const replay = new Replay({
    config: state.config,
    tables: tables.map((table) => compileAudiences(table, lookUp)),
    base: compileAudiences(base, lookUp),
    populations: exposes.map(({ to }) => to),
    copied: mirrorsOf(scheduled).map(({ of }) => of),
    spans: exposes.map(patienceMs),
    now,
  });
  for await (const lines of logLines(log, signal)) for (const line of lines) replay.line(line);
  const told = replay.told();
  if (told.requests === 0) throw nothingToRead(log, state.app, told);
  return { told, exposes };
}

const mirrorsOf = (scheduled: readonly Scheduled[]): readonly MirrorPolicy[] =>
  scheduled.flatMap(({ step }) => (step.kind === 'mirror' ? [step] : []));

function evidenceOf(
  step: ExposePolicy,
  population: Population | undefined,
): Pick<PlanEstimate, 'neededMs' | 'evidence'> {
  if (step.percent === null || population === undefined)
    return { neededMs: null, evidence: 'whole-audience' };
  const needed = evidenceMs(population, step.percent / 100);
  return {
    neededMs: Number.isFinite(needed) ? Math.ceil(needed) : null,
    evidence: needed <= patienceMs(step) ? 'enough' : 'too-little',
  };
}

/** Only opened where an audience asks for places: it is read whole. */
async function placesFor(
  { state, geoDatabase }: Estimating,
  onWarning: (message: string) => void,
): Promise<Places | null> {
  if (!Object.values(state.config.audiences).some(asksForPlace)) return null;
  return openPlaces({ file: geoDatabase, onWarning });
}

function trafficOf(log: string, told: Replayed, people: number): PlanTraffic {
  const { requests, errors, from, to, unreadable, other } = told;
  return { log, requests, errors, people, sampled: told.people.scale > 1, from, to, unreadable, other };
}

/** Fewer people than this with so many requests each are proxies. */
const suspiciouslyFew = 5;
const suspiciouslyMany = 1000;

/** Why the figures may be wrong. */
function doubts(told: Replayed, people: number): readonly string[] {
  const { requests, unreadable, dropped, named, from, to } = told;
  const said: [boolean, string][] = [
    [unreadable > 0, `${unreadable} lines of the log were left out: they are in no format that is known.`],
    [dropped > 0, `${dropped} requests are missing in the log: Teal could not keep up writing it.`],
    [
      people < suspiciouslyFew && requests > suspiciouslyMany,
      'The log has hardly any addresses: it may have been written behind a proxy, and people cannot be told apart.',
    ],
    [to - from < 3_600_000, 'The log holds less than an hour: what other hours are like it does not say.'],
    [
      named > 0 && named < requests,
      'Who signed in counts by name, the others by address: somebody who did both counts twice.',
    ],
  ];
  return said.flatMap(([holds, text]) => (holds ? [text] : []));
}

function nothingToRead(log: string, app: string, { unreadable, other }: Replayed): TealError {
  const why =
    unreadable > 0
      ? `none of its ${unreadable} lines is in a format that is known`
      : other > 0
        ? `its ${other} lines are of other apps than ${app}`
        : 'it is empty';
  return new TealError('usage', `The access log ${log} says nothing: ${why}.`, {
    remedy: 'the combined format of Apache and nginx is read, and JSON with one object a line',
    details: { log },
  });
}
