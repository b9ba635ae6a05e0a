import type { AppStatus, TrafficPoint, WhoView } from '../../src/control/contract.ts';
import { flowOf } from './flow-shares.ts';
import { layOut, type Drawn } from './flow-layout.ts';

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
  const { drawn, nodes, height } = layOut(ways);
  const says = ways.map(({ rule, to, share }) => `${rule}: ${text(share)} to ${to}`).join('; ');
  return (
    <figure class="panel flow">
      <svg viewBox={`0 0 640 ${height}`} role="img" aria-label={`Where people go: ${says}`}>
        {drawn.map((each) => (
          <WayLine key={each.way.rule} drawn={each} />
        ))}
        <g class="node">
          <rect x="2" y={height / 2 - 14} width="68" height="28" rx="14" />
          <text x="36" y={height / 2 + 4}>
            people
          </text>
        </g>
        {nodes.map(({ to, y }) => (
          <g key={to} class={`node ${to}`}>
            <rect x="556" y={y - 15} width="82" height="30" rx="6" />
            <text x="597" y={y + 4}>
              {to}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  );
}

const WayLine = ({ drawn: { way, from, y, end, width } }: { readonly drawn: Drawn }) => (
  <g class={way.to}>
    <path
      class="way"
      d={`M68 ${from} C130 ${from} 130 ${y} 190 ${y} L440 ${y} C500 ${y} 500 ${end} 558 ${end}`}
      stroke-width={width}
    />
    <text x="315" y={y - Math.max(5, width / 2 + 4)}>
      {way.rule} · {text(way.share)}
    </text>
  </g>
);

const text = (share: number): string => {
  const all = share * 100;
  return `${all >= 10 || all === 0 ? Math.round(all) : Number(all.toPrecision(2))} %`;
};
