import { parseDuration } from '../../config/units.ts';

const text = (input: string): string => input;

/** Flags of every command, in stricli's terms. */
export const local = {
  json: {
    kind: 'boolean',
    optional: true,
    withNegated: false,
    brief: 'Print one JSON document and nothing else',
  },
  noColor: { kind: 'boolean', optional: true, withNegated: false, brief: 'Print without colours' },
  config: {
    kind: 'parsed',
    parse: text,
    optional: true,
    placeholder: 'file',
    brief: 'The teal.yaml that is meant',
  },
} as const;

/** Flags of every command that asks a control plane. */
export const common = {
  ...local,
  server: textFlag('url', 'A control plane elsewhere, such as https://teal.example.com'),
  context: textFlag('name', 'A control plane that teal context knows'),
} as const;

export const reason = {
  kind: 'parsed',
  parse: text,
  optional: true,
  placeholder: 'text',
  brief: 'Why, for the history',
} as const;

export const wait = {
  kind: 'boolean',
  optional: true,
  withNegated: false,
  brief: 'Wait until it is done, telling each step',
} as const;

export const until = {
  kind: 'enum',
  values: ['ready', 'live'],
  optional: true,
  brief: 'Wait until it is live, or also where a person has to say the next word',
} as const;

export const timeout = {
  kind: 'parsed',
  parse: duration,
  optional: true,
  placeholder: 'duration',
  brief: 'With --wait: how long at most (exit 4)',
} as const;

export const step = {
  kind: 'parsed',
  parse: whole,
  optional: true,
  placeholder: 'n',
  brief: 'The step that was looked at; default: where it waits now',
} as const;

/** `30s`, `10m` → milliseconds. @throws Error with what was expected */
export function duration(input: string): number {
  const ms = parseDuration(input);
  if (ms === null || ms <= 0) throw new Error('expected a duration such as 30s, 10m or 1h');
  return ms;
}

/** `90d`, `12h`, `never` → milliseconds. @throws Error with what was expected */
export function expiry(input: string): number | 'never' {
  if (input === 'never') return input;
  const [, days] = /^(\d{1,4})d$/.exec(input) ?? [];
  const ms = days === undefined ? parseDuration(input) : Number(days) * 86_400_000;
  if (ms === null || ms <= 0) throw new Error('expected a time such as 90d or 12h, or never');
  return ms;
}

/** @throws Error with what was expected */
export function whole(input: string): number {
  if (!/^\d{1,6}$/.test(input)) throw new Error('expected a whole number');
  return Number(input);
}

/** @throws Error with what was expected */
export function positive(input: string): number {
  const value = Number(input);
  if (input.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new Error('expected a number above 0');
  return value;
}

/** A flag that takes text. */
export function textFlag(placeholder: string, brief: string) {
  return { kind: 'parsed', parse: text, optional: true, placeholder, brief } as const;
}

/** A flag that takes text, and may be repeated. */
export function textsFlag(placeholder: string, brief: string) {
  return { kind: 'parsed', parse: text, optional: true, variadic: true, placeholder, brief } as const;
}

/** Somebody to be explained. */
export const somebody = {
  user: textFlag('name', 'Signed in as'),
  group: textsFlag('name', 'With this group; may be repeated'),
  header: textsFlag('line', "With this header: 'x-beta: yes'"),
  cookie: textsFlag('pair', 'With this cookie: beta=yes'),
  ip: textFlag('address', 'From this address'),
  country: textFlag('code', 'In this country (ISO 3166-1), whatever the address'),
  region: textFlag('code', 'In this region (ISO 3166-2), whatever the address'),
} as const;

/** A flag that is there or not. */
export function switchFlag(brief: string) {
  return { kind: 'boolean', optional: true, withNegated: false, brief } as const;
}

/** `<app>`: may be left out where there is only one. */
export const appArgument = {
  kind: 'tuple',
  parameters: [
    {
      parse: text,
      optional: true,
      placeholder: 'app',
      brief: 'The app; may be left out when there is only one',
    },
  ],
} as const;

/** `<app> <version>`, or `<group> <app>=<version> …`. */
export const versions = {
  kind: 'array',
  minimum: 2,
  parameter: {
    parse: text,
    placeholder: 'version',
    brief: 'The app and a name for this build, never used again; or a group, and <app>=<version> of its apps',
  },
} as const;

export const argument = (placeholder: string, brief: string) =>
  ({ parse: text, placeholder, brief }) as const;

/** @throws Error with what was expected */
export function onOff(input: string): 'on' | 'off' {
  if (input !== 'on' && input !== 'off') throw new Error('expected on or off');
  return input;
}
