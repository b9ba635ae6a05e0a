import { connection } from '../live/ask.ts';
import { now } from '../live/clock.ts';
import { duration } from './units.ts';

/** Whether what is shown is of now. */
export function Connection() {
  const { ok, since } = connection.value;
  return (
    <span class={`connection ${ok ? 'good' : 'bad'}`} role="status">
      {ok ? 'live' : `disconnected: as of ${duration(now.value - since)} ago`}
    </span>
  );
}
