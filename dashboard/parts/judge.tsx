import type { StandingView, ReleaseView } from '../../src/control/contract.ts';
import { count } from './units.ts';

const actions: Readonly<Record<StandingView['verdict']['action'], string>> = {
  'roll-back': 'rolls back',
  'restart-instance': 'restarts an instance',
  stop: 'stops',
  freeze: 'holds',
  advance: 'safe to go on',
  ask: 'asks a person',
  wait: 'goes on looking',
};

/** Of a release that has ended nothing more comes of it. */
const looking: ReadonlySet<StandingView['verdict']['action']> = new Set(['wait', 'advance', 'ask', 'freeze']);

/** What the judge says, how sure it is, and the rule by which it decides. */
export function Judge({
  evidence,
  release,
}: {
  readonly evidence: StandingView | null;
  readonly release: ReleaseView | null;
}) {
  if (evidence === null)
    return release === null || release.ended ? null : (
      <section class="panel judge" aria-labelledby="judge">
        <h2 id="judge">The judge</h2>
        <p class="empty">Nobody is compared: no two versions have people at once, or the judge is off.</p>
      </section>
    );
  const { verdict, metrics, rules, promise } = evidence;
  const over = release?.ended === true && looking.has(verdict.action);
  const says = over ? 'has stopped looking' : actions[verdict.action];
  return (
    <section class="panel judge" aria-labelledby="judge">
      <h2 id="judge">
        The judge <span class={`chip ${verdict.action}`}>{says}</span>
      </h2>
      <p class="sentence">{verdict.sentence}</p>
      <Harm log={verdict.log} alpha={promise.alpha} />
      <table class="metrics">
        <caption class="hidden">Candidate against live</caption>
        <thead>
          <tr>
            <th scope="col">people who</th>
            <th scope="col" class="number">
              candidate
            </th>
            <th scope="col" class="number">
              live
            </th>
            <th scope="col" class="interval">
              candidate is … times live, 95 % sure at all times
            </th>
          </tr>
        </thead>
        <tbody>
          {metrics.map((metric) => (
            <tr key={metric.id}>
              <th scope="row">{metric.says}</th>
              <td class="number">{count(metric.candidate)}</td>
              <td class="number">{count(metric.live)}</td>
              <td class="interval">
                <Interval ratio={metric.ratio} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rules.length === 0 ? null : (
        <ul class="rule-list">
          {rules.map(({ name, outcome, says }) => (
            <li key={name} class={outcome}>
              <strong>{name}</strong> {outcome}: {says}
            </li>
          ))}
        </ul>
      )}
      <p class="faint">
        {verdict.guarantee}. {count(verdict.people.candidate)} people on the candidate,{' '}
        {count(verdict.people.live)} on live, compared for {Math.round(verdict.seconds)} s.
      </p>
    </section>
  );
}

/** The evidence of harm, on the way to the mark at which everyone goes back. */
function Harm({ log, alpha }: { readonly log: number; readonly alpha: number }) {
  const needed = Math.log(1 / alpha);
  const part = Math.min(1, Math.max(0, log / needed));
  return (
    <div class="harm">
      <span>evidence of harm</span>
      <meter
        min={0}
        max={1}
        low={0.5}
        high={0.85}
        optimum={0}
        value={part}
        aria-label="Evidence of harm, of what rolls back"
      />
      <span>
        {odds(log)} : 1 <span class="faint">rolls back at {odds(needed)} : 1</span>
      </span>
    </div>
  );
}

const odds = (log: number): string => {
  const value = Math.exp(Math.max(0, log));
  return value >= 1e6 ? 'over a million' : value >= 10 ? count(value) : value.toFixed(1);
};

const width = 220;
/** A quarter to four times: beyond that nobody needs to see how far. */
const span = Math.log(4);

const at = (ratio: number): number =>
  ((Math.max(-span, Math.min(span, Math.log(ratio))) + span) / (2 * span)) * width;

/** Less is written as 0.00. */
const leastToSay = 0.005;

function Interval({ ratio }: { readonly ratio: StandingView['metrics'][number]['ratio'] }) {
  if (ratio === null) return <span class="faint">too few to say</span>;
  const { low, high } = ratio;
  // A bar from end to end would look like a finding.
  if (high === null && low < leastToSay) return <span class="faint">nothing is ruled out yet</span>;
  const [from, to] = [at(Math.max(low, 1e-9)), high === null ? width : at(high)];
  const kind = low > 1 ? 'worse' : high !== null && high < 1 ? 'better' : 'open';
  const says =
    high === null ? `${low.toFixed(2)} times or more` : `${low.toFixed(2)} to ${high.toFixed(2)} times`;
  return (
    <span class="span">
      <svg viewBox={`0 0 ${width} 16`} class={kind} role="img" aria-label={says}>
        <line x1={0} x2={width} y1={8} y2={8} class="axis" />
        <line x1={width / 2} x2={width / 2} y1={1} y2={15} class="same" />
        <rect x={from} y={5} width={Math.max(2, to - from)} height={6} rx={3} />
      </svg>
      <span class="times">
        {high === null ? `${low.toFixed(2)}× or more` : `${low.toFixed(2)}–${high.toFixed(2)}×`}
      </span>
    </span>
  );
}
