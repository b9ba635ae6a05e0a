import type { Finding } from './finding.ts';
import { tellsApart } from './metrics.ts';
import { looksSecret, show, type Path } from './problem.ts';
import type { MetricInput } from './schema-metrics.ts';
import { formatDuration } from './units.ts';

type Told = Pick<Finding, 'expected' | 'got' | 'remedy'>;

const error = (path: Path, told: Told, others: readonly Path[] = []): Finding => ({
  severity: 'error',
  path,
  others,
  ...told,
});

/** What is wrong with metrics in which each value is right. */
export function metricsOf(path: Path, metrics: readonly MetricInput[]): readonly Finding[] {
  const seen = new Map<string, Path>();
  return metrics.flatMap((metric, index) => {
    const here = [...path, index];
    const first = seen.get(metric.name);
    seen.set(metric.name, first ?? [...here, 'name']);
    return [
      ...(first === undefined ? [] : [twice([...here, 'name'], metric.name, first)]),
      ...source(here, metric),
      ...limits(here, metric),
      ...times(here, metric),
      ...secrets(here, metric),
    ];
  });
}

const twice = (path: Path, name: string, first: Path): Finding =>
  error(
    path,
    {
      expected: 'a name of its own for each metric',
      got: `${show(name)} again`,
      remedy: 'give it another name',
    },
    [first],
  );

function source(path: Path, { prometheus, http }: MetricInput): readonly Finding[] {
  if ((prometheus === undefined) !== (http === undefined)) return [];
  const both = prometheus !== undefined;
  const expected = 'prometheus or http';
  const remedy = both
    ? 'keep one of them'
    : 'add prometheus: { url: http://localhost:9090, query: … }, or http: { url: …, path: … }';
  return [error(path, { expected, got: both ? 'both' : 'neither', remedy })];
}

const limitKeys = ['max', 'min', 'max-ratio', 'min-ratio'] as const;

function limits(path: Path, metric: MetricInput): readonly Finding[] {
  const given = limitKeys.filter((key) => metric[key] !== undefined);
  if (given.length === 0) {
    const expected = `one of ${limitKeys.join(', ')}`;
    return [error(path, { expected, got: 'no limit', remedy: 'add max: 0.05, or max-ratio: 1.5' })];
  }
  return [
    ...crossed(path, metric, ['min', 'max']),
    ...crossed(path, metric, ['min-ratio', 'max-ratio']),
    ...alike(path, metric),
  ];
}

function crossed(
  path: Path,
  metric: MetricInput,
  [low, high]: readonly ['min', 'max'] | readonly ['min-ratio', 'max-ratio'],
): readonly Finding[] {
  const [least, most] = [metric[low], metric[high]];
  if (least === undefined || most === undefined || least <= most) return [];
  const told = {
    expected: `at most ${high} (${most})`,
    got: `${least}`,
    remedy: 'nothing could be between them',
  };
  return [error([...path, low], told, [[...path, high]])];
}

/** The same question for both sides has the same answer. */
function alike(path: Path, metric: MetricInput): readonly Finding[] {
  const key = metric['max-ratio'] === undefined ? 'min-ratio' : 'max-ratio';
  if (metric[key] === undefined) return [];
  const { prometheus, http } = metric;
  const at = prometheus === undefined ? 'http' : 'prometheus';
  const apart =
    (prometheus === undefined || tellsApart({ source: { kind: 'prometheus', ...prometheus } })) &&
    (http === undefined || tellsApart({ source: { kind: 'http', ...http } }));
  if (apart) return [];
  const where = prometheus === undefined ? 'url or path' : 'query';
  const told = {
    expected: `{environment} or {version} in ${at}'s ${where}`,
    got: 'the same question for both sides',
    remedy: `add it, such as environment="{environment}", or write max instead`,
  };
  return [error([...path, key], told, [[...path, at]])];
}

/** Between two questions there would be nothing to compare. */
function times(path: Path, { window, interval }: MetricInput): readonly Finding[] {
  if (window === 0 || window >= interval) return [];
  const told = {
    expected: `0s, or at least interval (${formatDuration(interval)})`,
    got: formatDuration(window),
    remedy: 'raise it: values would be forgotten before the next one comes',
  };
  return [error([...path, 'window'], told, [[...path, 'interval']])];
}

function secrets(path: Path, { prometheus, http }: MetricInput): readonly Finding[] {
  const [at, asked] =
    prometheus === undefined ? (['http', http] as const) : (['prometheus', prometheus] as const);
  if (asked === undefined) return [];
  const found: Finding[] = [];
  for (const [name, value] of Object.entries(asked.headers)) {
    const here = [...path, at, 'headers', name];
    if (value.kind === 'plain' && value.value !== '' && (name === 'authorization' || looksSecret(name))) {
      const remedy = 'if it is secret, write { secret: env:NAME }';
      const expected = 'a secret to be named, not written';
      found.push({
        ...error(here, { expected, got: 'a plain value (not shown)', remedy }),
        severity: 'warning',
      });
    }
    if (value.kind === 'secret' && isOpen(asked.url)) {
      const remedy = 'write https://, unless that network is yours alone';
      const told = { expected: 'https:// for a secret', got: 'http://', remedy };
      found.push({ ...error([...path, at, 'url'], told, [here]), severity: 'warning' });
    }
  }
  return found;
}

/** Without encryption to another machine. */
const isOpen = (url: string): boolean =>
  url.startsWith('http://') && !/^http:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?:[:/?]|$)/.test(url);
