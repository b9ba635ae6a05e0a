import type { EventView } from '../../src/control/contract.ts';
import { moment } from './units.ts';

/** One event in the log. */
export const EventLine = ({
  event: { seq, at, app, actor, says, reason, type },
}: {
  readonly event: EventView;
}) => (
  <li class="event" title={`${type}, event ${seq}`}>
    <time class="faint" dateTime={new Date(at).toISOString()}>
      {moment(at)}
    </time>
    <a href={`/apps/${encodeURIComponent(app)}`}>{app}</a>
    <span class={actor === 'teal' ? 'faint' : 'person'}>{actor}</span>
    <span class="says">
      {says}
      {reason === null ? '' : ` (${reason})`}
    </span>
  </li>
);
