/** The typed form of `judge.metrics` in teal.yaml: what is asked of systems that measure the app themselves. */
import type { EnvironmentValue } from './environment-value.ts';

/** One metric of the app's own. Times are milliseconds. */
export interface MetricPolicy {
  /** Unique within the app. */
  readonly name: string;
  readonly source: MetricSource;
  /** At least one of them is there. */
  readonly limits: MetricLimits;
  /** Between two questions. */
  readonly intervalMs: number;
  /** The mean of what was found in the last so many milliseconds is what is compared. */
  readonly windowMs: number;
  /** Nothing is asked for so long after the judge has begun. */
  readonly delayMs: number;
  /** For one whole answer. */
  readonly timeoutMs: number;
  /** How many times in a row it has to be found beyond a limit, or missing, before the rule fails. */
  readonly failures: number;
  readonly noData: 'inconclusive' | 'pass' | 'fail';
  /** Shown, and never decides anything. */
  readonly dryRun: boolean;
}

/** Texts may hold `{app}`, `{environment}`, `{version}`, `{release}`. */
export type MetricSource =
  | {
      readonly kind: 'prometheus';
      /** What `/api/v1/query` is added to. */
      readonly url: string;
      readonly query: string;
      readonly headers: MetricHeaders;
    }
  | {
      readonly kind: 'http';
      readonly url: string;
      /** JSONPath as in RFC 9535; it has to find one number. */
      readonly path: string;
      readonly headers: MetricHeaders;
    };

/** By name in lower case. */
export type MetricHeaders = Readonly<Record<string, EnvironmentValue>>;

/** Null: not limited so. */
interface MetricLimits {
  readonly max: number | null;
  readonly min: number | null;
  /** Times what live has at the same moment. */
  readonly maxRatio: number | null;
  readonly minRatio: number | null;
  /** Values up to this pass `maxRatio` whatever live has. */
  readonly floor: number;
}

/** What may stand in queries, addresses and paths. */
export const placeholders = ['app', 'environment', 'version', 'release'] as const;

export type Placeholder = (typeof placeholders)[number];

/** Every `{word}`: PromQL has none of its own, since a selector in braces has to hold a matcher, with a sign in it. */
export const placeholder = /\{([a-z][a-z-]*)\}/gi;

/** The text with values put in; one that is unknown stays as it is. */
export function filled(
  text: string,
  values: Readonly<Record<Placeholder, string>>,
  written: (value: string) => string = (value) => value,
): string {
  return text.replaceAll(placeholder, (whole, name: string) =>
    isPlaceholder(name) ? written(values[name]) : whole,
  );
}

export const isPlaceholder = (name: string): name is Placeholder =>
  placeholders.some((each) => each === name);

/** Whether the two sides of a release are asked for different things. */
export const tellsApart = ({ source }: Pick<MetricPolicy, 'source'>): boolean =>
  (source.kind === 'http' ? [source.url, source.path] : [source.query]).some((text) =>
    /\{(?:environment|version)\}/.test(text),
  );
