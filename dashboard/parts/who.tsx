import type { AppStatus, WhoView } from '../../src/control/contract.ts';
import { Colour } from './colour.tsx';
import { count } from './units.ts';

/** Which people are sent to the candidate, and how many have been seen on each side. */
export function Who({ who, status }: { readonly who: WhoView; readonly status: AppStatus }) {
  const { live, release } = status;
  if (live === null) return <p class="empty">Nobody is sent anywhere: nothing is live.</p>;
  const sharing = release !== null && !release.ended && who.exposed.length > 0 && release.colour !== live;
  if (!sharing)
    return (
      <p>
        Everyone is on <Colour of={live} /> <code>{status.version}</code>.
      </p>
    );
  return (
    <>
      <ul class="exposed">
        {who.exposed.map(({ says }) => (
          <li key={says}>
            {says} <span aria-hidden="true">→</span> <Colour of={release.colour} />
          </li>
        ))}
        <li>
          everyone else <span aria-hidden="true">→</span> <Colour of={live} />
        </li>
      </ul>
      {who.people === null ? null : (
        <p class="faint">
          {count(who.people.candidate)} people seen on <Colour of={release.colour} />,{' '}
          {count(who.people.live)} on <Colour of={live} />
        </p>
      )}
      {who.audiences.length === 0 ? null : (
        <details>
          <summary>{who.audiences.length} audiences</summary>
          <dl class="audiences">
            {who.audiences.map(({ name, rule }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <code>{rule}</code>
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </>
  );
}
