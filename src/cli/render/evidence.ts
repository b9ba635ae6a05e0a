import type { CourseView, EvidenceView } from '../../control/contract.ts';
import { other } from '../../release/state.ts';
import type { View } from '../shell/terminal.ts';
import { flow, glyph, pad, paint, wrap, type Glyph } from './paint.ts';
import { clock, count, counted, duration } from './units.ts';

const labelColumns = 12;

/** What a release was judged by, for a person: the sentence first, then how it adds up. */
export function renderEvidence(evidence: EvidenceView, view: View): string {
  const { verdict, release } = evidence;
  return [
    `${glyph(view, glyphOf(verdict.action))} ${wrap(`${paint(view, 'bold', release)}  ${verdict.sentence}`, view.width, 2)}`,
    row('evidence', total(evidence), view),
    row('promise', promise(evidence), view),
    ...evidence.metrics.map((metric) => row(metric.id, metricOf(metric, evidence), view)),
    ...evidence.rules.map((rule) => row('rule', [`${rule.name}:`, rule.outcome, rule.says], view)),
    row('people', people(evidence), view),
    row('requests', requests(evidence), view),
  ].join('\n');
}

/** How it came to that, the newest at the bottom. */
export function renderCourse({ course }: EvidenceView, view: View): string {
  return course.map((each) => courseLine(each, view)).join('\n');
}

function courseLine({ at, seconds, stage, action, log, sentence, lost }: CourseView, view: View): string {
  const time = clock(at, view.now);
  const what = [
    `${glyph(view, glyphOf(action))} ${stage}`,
    `after ${duration(seconds * 1000)}`,
    `log E ${fixed(log)}`,
    ...(lost ? ['counts lost'] : []),
  ];
  const indent = Math.min(time.length + 2, Math.floor(view.width / 2));
  const head = flow(what, '  ', { width: view.width - indent, indent });
  return `${paint(view, 'dim', time)}  ${head}\n${' '.repeat(indent)}${wrap(sentence, view.width, indent)}`;
}

function glyphOf(action: CourseView['action']): Glyph {
  switch (action) {
    case 'roll-back':
      return 'failed';
    case 'advance':
      return 'ok';
    case 'wait':
      return 'going';
    default:
      return 'warn';
  }
}

function total({ verdict, promise: { alpha, freeze } }: EvidenceView): string[] {
  return [
    `log E ${fixed(verdict.log)}`,
    `holds at ${fixed(Math.log(freeze))}`,
    `back at ${fixed(Math.log(1 / alpha))}`,
  ];
}

function promise({ verdict, promise: { alpha, beta } }: EvidenceView): string[] {
  if (verdict.guarantee.startsWith('targeted') || verdict.guarantee.startsWith('no comparison'))
    return [verdict.guarantee];
  return [
    verdict.guarantee,
    `rolled back by mistake: at most ${percent(alpha)}`,
    `gone on by mistake: at most ${percent(beta)}`,
  ];
}

function metricOf(metric: EvidenceView['metrics'][number], evidence: EvidenceView): string[] {
  const { candidate, live, harmed, log, safety, ratio, named, says } = metric;
  const {
    verdict,
    promise: { beta },
  } = evidence;
  const [on, off] = [evidence.candidate, other(evidence.candidate)];
  const compared =
    ratio === null ? [] : [`ratio ${short(ratio.low)}–${ratio.high === null ? '∞' : short(ratio.high)}`];
  // Scores are a mean over all who were scored: there is no "of how many".
  const those =
    harmed === null
      ? [`${count(candidate)} scored on ${on}, ${count(live)} on ${off}`]
      : [
          `${count(candidate)} of ${count(verdict.people.candidate)} on ${on}, ${count(live)} of ${count(verdict.people.live)} on ${off}`,
          `harmed ${harmed.toFixed(harmed < 10 ? 1 : 0)}`,
        ];
  return [
    `${says}:`,
    `log E ${fixed(log)}${named ? ', worse by itself' : ''}`,
    ...(safety === null ? [] : [`safe ${fixed(safety)} of ${fixed(Math.log(1 / beta))}`]),
    ...compared,
    ...those,
  ];
}

function people({
  verdict: { people: seen, needed },
  personMinutes,
  candidate,
  counted: { sampled },
}: EvidenceView): string[] {
  const live = other(candidate);
  return [
    `${count(seen.candidate)} on ${candidate} (${Math.round(personMinutes.candidate)} active min)`,
    `${count(seen.live)} on ${live} (${Math.round(personMinutes.live)} active min)`,
    ...(needed === null
      ? []
      : [
          `needs about ${counted(needed.people, 'more').replace(/s$/, '')}, ~${duration(needed.seconds * 1000)} at this traffic`,
        ]),
    ...(sampled < 1 ? [`${percent(sampled)} of them are counted, alike on both sides`] : []),
  ];
}

function requests({ counted: all, candidate }: EvidenceView): string[] {
  const live = other(candidate);
  const anonymous = all.anonymous.candidate + all.anonymous.live;
  return [
    `${counted(all.requests.candidate, 'request')} on ${candidate}, ${count(all.failed.candidate)} failed`,
    `${counted(all.requests.live, 'request')} on ${live}, ${count(all.failed.live)} failed`,
    ...(anonymous > 0 ? [`${count(anonymous)} of nobody known, not compared`] : []),
    ...(all.lost > 0 ? [`the counts of ${counted(all.lost, 'tick')} were lost`] : []),
  ];
}

function row(label: string, pieces: readonly string[], view: View): string {
  const room = labelColumns - 2;
  const name = label.length < room ? pad(paint(view, 'dim', label), room) : `${paint(view, 'dim', label)}  `;
  return `  ${wrap(`${name}${pieces.join(' · ')}`, view.width, labelColumns)}`;
}

/** A bet that is lost has no logarithm worth telling. */
const fixed = (value: number): string => (value < -1000 ? '−∞' : value.toFixed(1).replace(/^-0\.0$/, '0.0'));
const short = (value: number): string => String(Number(value.toPrecision(2)));
const percent = (share: number): string => `${Number((share * 100).toPrecision(3))} %`;
