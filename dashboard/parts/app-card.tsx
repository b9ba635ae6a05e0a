import type { OverviewApp } from '../../src/control/contract.ts';
import { now } from '../live/clock.ts';
import { Colour } from './colour.tsx';
import { Sparkline } from './sparkline.tsx';
import { age, duration, latency, percent, rate } from './units.ts';

/** One app in the overview. */
export const AppCard = ({ app: each }: { readonly app: OverviewApp }) => {
  const { app, group, mood, says, live, version, since, release, pulse } = each;
  return (
    <li class={`card ${mood}`}>
      <a href={`/apps/${encodeURIComponent(app)}`} class="name">
        {app}
      </a>
      {group === null ? null : <span class="chip">{group}</span>}
      <p class="live">
        {live === null ? <span class="faint">nothing live</span> : <Colour of={live} />}{' '}
        <code>{version}</code>{' '}
        {since === null ? null : <span class="faint">up {age(now.value - since)}</span>}
      </p>
      <p class="says" title={says}>
        {says}
      </p>
      {release === null ? null : (
        <p class="way">
          <progress
            max={release.of}
            value={release.index}
            aria-label={`${release.version}: step ${release.index} of ${release.of}`}
            class={release.colour}
          />
          <span class="faint">
            {release.percent > 0 ? `${Math.round(release.percent * 100) / 100} % ` : ''}
            {release.endsAt === null || release.paused ? '' : `${duration(release.endsAt - now.value)} left`}
          </span>
        </p>
      )}
      <dl class="pulse">
        <div>
          <dt>req/s</dt>
          <dd>{rate(pulse.rate)}</dd>
        </div>
        <div class={(pulse.errors ?? 0) > 0.01 ? 'hot' : ''}>
          <dt>errors</dt>
          <dd>{percent(pulse.errors)}</dd>
        </div>
        <div>
          <dt>p95</dt>
          <dd>{latency(pulse.p95)}</dd>
        </div>
      </dl>
      <Sparkline curve={pulse.curve} />
    </li>
  );
};
