import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { EventView } from '../../src/control/contract.ts';
import type { EventsPage } from '../../src/control/dashboard/page.ts';
import { look } from '../live/ask.ts';
import { atEnd } from '../live/at-end.ts';
import { follow } from '../live/stream.ts';
import { EventLine } from '../parts/event-line.tsx';
import { Frame } from '../parts/frame.tsx';
import { Search } from '../parts/search.tsx';
import { Tick } from '../parts/tick.tsx';
import { Virtual } from '../parts/virtual.tsx';

const pageRows = 500;
const rowPx = 34;

/** What happened, newest first, and what happens. */
export function EventsView({ page }: { readonly page: EventsPage }) {
  const events = useSignal<readonly EventView[]>(page.events);
  const search = useSignal('');
  const byPeople = useSignal(false);
  const path = `/v1/events?limit=${pageRows}${page.app === null ? '' : `&app=${encodeURIComponent(page.app)}`}`;
  useEffect(() => {
    const more = atEnd(async () => {
      const before = events.peek().at(-1)?.seq;
      if (before === undefined) return false;
      const found = await look<readonly EventView[]>(`${path}&before=${before}`);
      if (found !== null) events.value = [...events.peek(), ...found];
      return found === null || found.length > 0;
    });
    const end = follow(page.app, async (event) => {
      if (event !== null) {
        if (event.seq > (events.peek()[0]?.seq ?? 0)) events.value = [event, ...events.peek()];
        return;
      }
      const found = await look<readonly EventView[]>(path);
      if (found !== null) events.value = found;
    });
    return () => {
      end();
      more();
    };
  }, [path]);
  const words = search.value.toLowerCase().split(/\s+/);
  const shown = events.value.filter(
    (event) =>
      (!byPeople.value || event.actor !== 'teal') &&
      words.every((word) =>
        `${event.app} ${event.actor} ${event.type} ${event.says} ${event.reason ?? ''}`
          .toLowerCase()
          .includes(word),
      ),
  );
  return (
    <Frame session={page.session} app={page.app} here="events">
      <div class="bar">
        <h1>Events</h1>
        <Tick on={byPeople}>only what people did</Tick>
        <Search words={search} label="Search events by app, person, kind or words" />
      </div>
      {shown.length === 0 ? (
        <p class="empty">
          {events.value.length === 0
            ? 'Nothing has happened yet.'
            : 'None of the events that are loaded is like that.'}
        </p>
      ) : (
        <Virtual
          items={shown}
          height={rowPx}
          label="Events"
          row={(each) => <EventLine key={each.seq} event={each} />}
        />
      )}
    </Frame>
  );
}
