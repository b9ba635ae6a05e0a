import { Pipelines } from '../../../test/acceptance/clients/pipeline.ts';
import type { Protocol } from '../protocol.ts';

export const pipelined: Protocol = {
  name: 'pipelined, six at a time',
  start: ({ port }) => {
    const pipelines = new Pipelines(port, { connections: 3, batch: 6 });
    return {
      async stop() {
        const { sent, answered, mixed, failures } = await pipelines.stop();
        const problems = [
          ...failures.slice(0, 5),
          ...(mixed > 0 ? [`${mixed} answers in another's place`] : []),
        ];
        return { sent, answered, failed: sent - answered, stale: 0, problems };
      },
    };
  },
};
