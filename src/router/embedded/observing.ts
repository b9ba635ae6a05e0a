import type { BlockList } from 'node:net';
import type { Logger } from 'pino';
import type { ObserveConfig } from '../../config/router.ts';
import { formatDroppedLines } from '../access-line.ts';
import { LineLog } from './line-log.ts';
import { Observer } from './observer.ts';

/** What a worker watches its requests with; both null when nothing is to be told. */
export interface Observing {
  readonly observer: Observer | null;
  readonly log: LineLog | null;
}

export function observing(
  config: ObserveConfig | undefined,
  trustedProxies: BlockList,
  logger: () => Pick<Logger, 'error'>,
): Observing {
  const accessLog = config?.accessLog ?? null;
  const timing = config?.serverTiming ?? 'off';
  if (accessLog === null && timing === 'off') return { observer: null, log: null };
  const log =
    accessLog === null
      ? null
      : new LineLog({
          file: accessLog.file,
          onError: (error) =>
            logger().error({ file: accessLog.file, error }, 'the access log is not written'),
          droppedLine: (dropped) =>
            formatDroppedLines({ time: new Date().toISOString(), worker: process.pid, dropped }),
        });
  const observer = new Observer({
    log: log === null ? null : (line) => log.write(line),
    query: accessLog?.query ?? 'none',
    timing,
    trustedProxies,
  });
  return { observer, log };
}
