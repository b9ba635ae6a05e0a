import type { PlanEstimate, PlannedStep, PlanResult, PlanTraffic } from '../../control/contract.ts';
import { formatSize } from '../../config/units.ts';
import { whom } from '../../release/steps.ts';
import type { View } from '../shell/terminal.ts';
import { glyph, paint, wrap } from './paint.ts';
import { renderDatabase } from './plan-database.ts';
import { inColour } from './status.ts';
import { clock, count, counted, duration } from './units.ts';

/** What a deploy would do, step by step; what it would be refused with comes first. */
export function renderPlan(plan: PlanResult, view: View): string {
  const { refused, notes, traffic, proposal, database } = plan;
  return [
    head(plan, view),
    ...refused.map(({ message, remedy }) => say('failed', `Refused now: ${message} ${remedy}`, view)),
    ...notes.map((note) => say('warn', note, view)),
    ...(traffic === null ? [] : [indented(log(traffic, view), view)]),
    ...(database === null ? [] : renderDatabase(database, view)),
    '',
    ...plan.steps.flatMap((step, index) => stepLines(step, index, view)),
    '',
    indented(end(plan, view), view),
    ...(proposal === null
      ? []
      : [
          '',
          indented('Steps that gather evidence in their time, for release.steps of teal.yaml:', view),
          ...proposal.map((line) => `    ${line}`),
        ]),
    indented('Nothing was changed.', view),
  ].join('\n');
}

function head({ app, version, from, colour }: PlanResult, view: View): string {
  const instead = from === null ? 'the first version' : `instead of ${from}`;
  return `${glyph(view, 'going')} ${paint(view, 'bold', 'Plan')}  ${app} ${version} in ${inColour(view, colour)}, ${instead}`;
}

const say = (kind: 'failed' | 'warn', text: string, view: View): string =>
  `  ${glyph(view, kind)} ${wrap(text, view.width, 4)}`;

const indented = (text: string, view: View): string => `  ${wrap(text, view.width, 2)}`;

function log({ requests, people, sampled, errors, from, to }: PlanTraffic, view: View): string {
  const about = sampled ? 'about ' : '';
  const failed = errors === 0 ? '' : `, ${((100 * errors) / requests).toFixed(2)} % failed`;
  return `The log: ${counted(requests, 'request')} of ${about}${count(people)} people in ${duration(to - from)} (${clock(from, view.now)} to ${clock(to, view.now)})${failed}`;
}

function stepLines(step: PlannedStep, index: number, view: View): string[] {
  const number = `${index + 1}.`.padStart(4);
  const detail = (text: string): string => `       ${wrap(text, view.width, 7)}`;
  return [
    `${number} ${paint(view, 'bold', step.name)}${when(step, view)}`,
    ...step.who.map((one) => detail(one)),
    ...(step.approval === null ? [] : [detail(approval(step.approval, view))]),
    ...(step.exposed.length > 0 && step.kind !== 'expose' ? [detail(`exposed: ${whom(step.exposed)}`)] : []),
    ...(step.mirror === null ? [] : [detail(mirrored(step.mirror))]),
    detail(capacity(step)),
    ...(step.estimate === null ? [] : [detail(estimate(step, step.estimate))]),
  ];
}

function when({ startsAt, endsAt }: PlannedStep, view: View): string {
  if (startsAt === null || endsAt === null) return '  never: no window opens within a year';
  const lasts = endsAt > startsAt ? ` for ${duration(endsAt - startsAt)}` : '';
  return `  from ${clock(startsAt, view.now)}${lasts}`;
}

function approval(
  { by, fourEyes, expiresAt, onExpiry }: NonNullable<PlannedStep['approval']>,
  view: View,
): string {
  const who = by === null ? 'anyone' : by.join(' or ');
  const eyes = fourEyes ? ', not who deployed' : '';
  const expiry =
    expiresAt === null
      ? ''
      : `; without it the release ${onExpiry === 'abort' ? 'aborts' : 'goes on'} at ${clock(expiresAt, view.now)}`;
  return `waits for a person: ${who}${eyes}${expiry}`;
}

function mirrored({ methods, maxBodyBytes, copies }: NonNullable<PlannedStep['mirror']>): string {
  const told = copies === null ? '' : `, up to ${counted(copies, 'copy').replace('copys', 'copies')}`;
  return `copies of ${methods.join(', ')} with bodies up to ${formatSize(maxBodyBytes)}${told}`;
}

const capacity = ({ instances }: PlannedStep): string =>
  `candidate: ${Object.entries(instances)
    .map(([role, number]) => `${number} × ${role}`)
    .join(', ')}`;

function estimate({ startsAt, endsAt }: PlannedStep, told: PlanEstimate): string {
  const { people, requests, evidence, neededMs } = told;
  const there = `about ${count(people)} people, ${counted(requests, 'request')}`;
  switch (evidence) {
    case 'enough':
      return `${there}: enough evidence after ${duration(neededMs ?? 0)}`;
    case 'whole-audience':
      return `${there}: nobody alike is left on live to compare with`;
    case 'too-little': {
      const given = duration((endsAt ?? 0) - (startsAt ?? 0));
      const needed = neededMs === null ? 'there is never enough' : `it takes ${duration(neededMs)}`;
      return `${there}: too little evidence in ${given}, ${needed}`;
    }
  }
}

function end({ from, liveAt, approvals, testsMs, rollbackWindowMs }: PlanResult, view: View): string {
  if (liveAt === null) return 'Live: never, since no window opens within a year.';
  const waits =
    approvals === 0
      ? ''
      : `, if ${counted(approvals, 'approval')} ${approvals === 1 ? 'comes' : 'come'} at once`;
  const tests = testsMs === 0 ? '' : `; tests may take up to ${duration(testsMs)} more`;
  const back = from === null ? '' : ` ${from} stays warm for ${duration(rollbackWindowMs)}.`;
  return `Live at ${clock(liveAt, view.now)} at the earliest${waits}${tests}.${back}`;
}
