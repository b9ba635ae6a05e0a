import type { Wrapping } from './marker.ts';

/** How a flag's value comes from a call. `timing`: of the client's calls it depends on the SDK whether they give a promise. */
export interface CallShape {
  readonly gives: 'value' | 'details';
  readonly timing: 'as-the-client' | 'at-once' | 'as-awaited';
  /** The JSON type that the call is for; null: any. */
  readonly type: 'boolean' | 'string' | 'number' | 'object' | null;
}

const types = ['Boolean', 'String', 'Number', 'Object'] as const;

/** Methods of an OpenFeature client: https://openfeature.dev/specification/sections/flag-evaluation. */
const clientCalls = new Map<string, CallShape>(
  types.flatMap((type) =>
    (['Value', 'Details'] as const).map((what): [string, CallShape] => [
      `get${type}${what}`,
      {
        gives: what === 'Value' ? 'value' : 'details',
        timing: 'as-the-client',
        type: type.toLowerCase() as NonNullable<CallShape['type']>,
      },
    ]),
  ),
);

/** Hooks of @openfeature/react-sdk, which give their value at once. */
const hooks = new Map<string, CallShape>([
  ['useFlag', { gives: 'details', timing: 'at-once', type: null }],
  ['useSuspenseFlag', { gives: 'details', timing: 'at-once', type: null }],
  ...types.flatMap((type) =>
    ['', 'Suspense'].flatMap((kind) =>
      (['Value', 'Details'] as const).map((what): [string, CallShape] => [
        `use${kind}${type}Flag${what}`,
        {
          gives: what === 'Value' ? 'value' : 'details',
          timing: 'at-once',
          type: type.toLowerCase() as NonNullable<CallShape['type']>,
        },
      ]),
    ),
  ),
]);

/** @param own functions and methods of the project that take a flag's name and give its value */
export function shapeOf(name: string, isMethod: boolean, own: ReadonlySet<string>): CallShape | null {
  if (own.has(name)) return { gives: 'value', timing: 'as-awaited', type: null };
  const hook = hooks.get(name);
  if (hook !== undefined) return hook;
  return isMethod ? (clientCalls.get(name) ?? null) : null;
}

export function wrappingOf(gives: CallShape['gives'], promised: boolean): Wrapping {
  if (gives === 'value') return promised ? 'promise' : 'value';
  return promised ? 'promised-details' : 'details';
}

/** Whether the calls of a client give promises: what the packages say that are imported, or depended upon. */
export function timingOf(packages: readonly string[]): 'promise' | 'at-once' | null {
  const server = packages.includes('@openfeature/server-sdk') || packages.includes('@openfeature/nestjs-sdk');
  const web = packages.some((name) => /^@openfeature\/(?:web|react|angular)-sdk$/.test(name));
  if (server === web) return null;
  return server ? 'promise' : 'at-once';
}
