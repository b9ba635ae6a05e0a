import { setTimeout as sleep } from 'node:timers/promises';
import { EventStream } from '../../../test/acceptance/clients/event-stream.ts';
import { lifeMs } from '../lives.ts';
import type { Protocol } from '../protocol.ts';
import { repeating } from '../repeating.ts';

const count = 8;

/** Numbered ticks. Answered when none is missing and it ended by us, or as a response should. */
export const eventStreams: Protocol = {
  name: 'event streams',
  start: ({ port }) =>
    repeating(count, async (counter) => {
      const stream = new EventStream(port);
      const version = await stream.greeted.catch(() => null);
      if (version !== null) await Promise.race([stream.ended, sleep(lifeMs())]);
      const end = await stream.close();
      if (end.how !== 'broken' && end.missing === 0 && version !== null) counter.answered();
      else counter.failed(JSON.stringify(end));
    }),
};
