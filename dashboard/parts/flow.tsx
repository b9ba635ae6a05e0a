import type { AppStatus, TrafficPoint, WhoView } from '../../src/control/contract.ts';
import type { Colour } from '../../src/release/state.ts';
import { flowOf } from './flow-shares.ts';

const rowPx = 34;
const widest = 22;

/** People, the rules that choose among them, and where they come to; as wide as they are many. */
export function Flow({
  who,
  status,
  points,
}: {
  readonly who: WhoView;
  readonly status: AppStatus;
  readonly points: readonly TrafficPoint[];
}) {
  const ways = flowOf(who, status, points);
  if (ways.length === 0) return null;
  const height = Math.max(2, ways.length) * rowPx + 12;
  const middle = height / 2;
  const sides = [...new Set(ways.map(({ to }) => to))];
  const end = (to: Colour): number =>
    sides.length === 1 ? middle : to === 'blue' ? height * 0.28 : height * 0.72;
  const says = ways.map(({ rule, to, share }) => `${rule}: ${text(share)} to ${to}`).join('; ');
  return (
    <figure class="panel flow">
      <svg viewBox={`0 0 640 ${height}`} role="img" aria-label={`Where people go: ${says}`}>
        {ways.map(({ rule, to, share }, index) => {
          const y = (index + 0.5) * (height / ways.length);
          const stroke = Math.max(1.5, share * widest);
          return (
            <g key={rule} class={to}>
              <path
                class="way"
                d={`M70 ${middle} C130 ${middle} 130 ${y} 190 ${y} L440 ${y} C500 ${y} 500 ${end(to)} 556 ${end(to)}`}
                stroke-width={stroke}
              />
              <text x="315" y={y - Math.max(4, stroke / 2 + 3)} class="rule">
                {rule} · {text(share)}
              </text>
            </g>
          );
        })}
        <g class="node">
          <rect x="2" y={middle - 14} width="68" height="28" rx="14" />
          <text x="36" y={middle + 4}>
            people
          </text>
        </g>
        {sides.map((to) => (
          <g key={to} class={`node ${to}`}>
            <rect x="556" y={end(to) - 15} width="82" height="30" rx="6" />
            <text x="597" y={end(to) + 4}>
              {to}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  );
}

const text = (share: number): string => {
  const all = share * 100;
  return `${all >= 10 || all === 0 ? Math.round(all) : Number(all.toPrecision(2))} %`;
};
