import type { BoardView } from '../../src/control/contract.ts';
import { Colour } from './colour.tsx';

/** The name of the app, what is live, and what stands in its way. */
export function AppHead({ board: { status } }: { readonly board: BoardView }) {
  const { app, live, version, release, urls, maintenance, frozen, queued, next, rollback, harm } = status;
  return (
    <div class="head">
      <h1>{app}</h1>
      <p class="live">
        {live === null ? (
          <span class="faint">nothing is live</span>
        ) : (
          <>
            <Colour of={live} /> <code>{version}</code> is live
          </>
        )}
        {urls.slice(0, 2).map((url) => (
          <a key={url} href={url} rel="noreferrer" class="faint">
            {url}
          </a>
        ))}
      </p>
      <p class="faint next">
        Next: <code>{next}</code>
      </p>
      {release?.reason == null ? null : (
        <p class={`notice ${release.error === null ? '' : 'bad'}`}>
          {release.version}: {firstLine(release.reason)}{' '}
          {release.error === null ? null : <span>{release.error.remedy}</span>}
        </p>
      )}
      {release === null || release.ended || rollback?.harm == null ? null : (
        <p class="notice warn">
          {rollback.harm} <span>The judge holds {release.version} where it would take it back.</span>
        </p>
      )}
      {harm == null ? null : <p class="notice warn">{sentence(harm)}</p>}
      {frozen === null ? null : (
        <p class="notice warn">
          Frozen by {frozen.actor}
          {frozen.reason === null ? '' : `: ${frozen.reason}`}
        </p>
      )}
      {maintenance === null ? null : <p class="notice warn">Maintenance: {maintenance.message}</p>}
      {queued === null ? null : (
        <p class="notice">
          <code>{queued.version}</code> of {queued.actor} follows when this release has ended
          {queued.harm == null ? null : <span> {sentence(queued.harm)}.</span>}
        </p>
      )}
    </div>
  );
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Without what only leads over to the lines that the ladder shows. */
const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? text).replace(/\. It said:$/, '');
