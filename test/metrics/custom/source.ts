/** A server that answers as Prometheus does, and as it should not; and settings to ask it with. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MetricPolicy } from '../../../src/config/metrics.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Source {
  readonly url: string;
  /** Paths with queries, in the order they came. */
  readonly asked: readonly URL[];
  /** What is answered from now on. */
  answer: Answer;
  close(): Promise<void>;
}

export async function startSource(answer: Answer): Promise<Source> {
  const asked: URL[] = [];
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '/', 'http://source'));
    source.answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const source: Source = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return source;
}

export const says =
  (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, headers).end(body);
  };

const success = (resultType: string, result: unknown): string =>
  JSON.stringify({ status: 'success', data: { resultType, result } });

/** One series with this value, as text. */
export const vector = (...values: readonly string[]): string =>
  success(
    'vector',
    values.map((value, index) => ({ metric: { i: `${index}` }, value: [1_700_000_000.1, value] })),
  );

export const scalar = (value: string): string => success('scalar', [1_700_000_000.1, value]);

export const matrix = success('matrix', [{ metric: {}, values: [[1, '1']] }]);

export const failure = (errorType: string, error: string): string =>
  JSON.stringify({ status: 'error', errorType, error });

/** A metric that asks a Prometheus; looks once a second, and remembers nothing between looks, unless told otherwise. */
export function policy(url: string, more: Partial<MetricPolicy> = {}): MetricPolicy {
  return {
    name: 'errors',
    source: { kind: 'prometheus', url, query: 'errors{environment="{environment}"}', headers: {} },
    limits: limits({ max: 1 }),
    intervalMs: 1000,
    windowMs: 0,
    delayMs: 0,
    timeoutMs: 2000,
    failures: 1,
    noData: 'inconclusive',
    dryRun: false,
    ...more,
  };
}

export const limits = (more: Partial<MetricPolicy['limits']>): MetricPolicy['limits'] => ({
  max: null,
  min: null,
  maxRatio: null,
  minRatio: null,
  floor: 0,
  ...more,
});
