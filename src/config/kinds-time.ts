import { leaf, wrong, type Leaf, type Read } from './leaf.ts';

const names = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** Days of the week as numbers, 0 is Sunday: `mon-fri`, or a list of names. */
export const weekdays: Leaf<readonly number[]> = leaf({
  expected: 'days such as mon-fri, sat, or [mon, wed]',
  json: {
    anyOf: [
      { type: 'string', pattern: '^(sun|mon|tue|wed|thu|fri|sat)(-(sun|mon|tue|wed|thu|fri|sat))?$' },
      { type: 'array', items: { type: 'string', enum: names }, minItems: 1 },
    ],
  },
  read(input): Read<readonly number[]> {
    const list = Array.isArray(input) ? input : [input];
    const days = list.map((each) => (typeof each === 'string' ? range(each.toLowerCase()) : null));
    if (days.length === 0 || days.includes(null)) return wrong('write mon-fri');
    return { value: [...new Set(days.flatMap((each) => each ?? []))].toSorted((a, b) => a - b) };
  },
});

/** `fri-mon` goes over the end of the week. */
function range(text: string): readonly number[] | null {
  const [first, last = first] = text.split('-').map((name) => names.findIndex((known) => known === name));
  if (first === undefined || last === undefined || first < 0 || last < 0) return null;
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, index) => (first + index) % 7);
}

interface Hours {
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** `09:00-17:00` in minutes after midnight. */
export const hours: Leaf<Hours> = leaf({
  expected: 'hours such as 09:00-17:00',
  json: { type: 'string', pattern: String.raw`^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$|-24:00$` },
  read(input): Read<Hours> {
    const match = /^(\d\d?):(\d\d)-(\d\d?):(\d\d)$/.exec(
      typeof input === 'string' ? input.replaceAll(' ', '') : '',
    );
    const [fromHour = 99, fromMinute = 0, toHour = 99, toMinute = 0] = (match ?? []).slice(1).map(Number);
    const [from, to] = [fromHour * 60 + fromMinute, toHour * 60 + toMinute];
    const valid = fromMinute < 60 && toMinute < 60 && from < 1440 && to <= 1440 && from !== to;
    return match !== null && valid
      ? { value: { fromMinute: from, toMinute: to } }
      : wrong('write 09:00-17:00, in quotes');
  },
});

/** Name of a time zone that this machine knows. */
export const zone: Leaf<string> = leaf({
  expected: 'a time zone such as Europe/Berlin',
  json: { type: 'string' },
  read(input): Read<string> {
    try {
      if (typeof input === 'string') {
        new Intl.DateTimeFormat('en', { timeZone: input });
        return { value: input };
      }
    } catch {
      // RangeError: there is no such zone.
    }
    return wrong('write a name of the IANA database, such as Europe/Berlin or UTC');
  },
});

/** A day of the calendar, `2026-12-25`. */
export const day: Leaf<string> = leaf({
  expected: 'a day such as 2026-12-25',
  json: { type: 'string', pattern: String.raw`^\d{4}-\d\d-\d\d$` },
  read(input): Read<string> {
    const text = input instanceof Date ? input.toISOString().slice(0, 10) : input;
    const valid = typeof text === 'string' && /^\d{4}-\d\d-\d\d$/.test(text);
    if (valid && new Date(`${text}T12:00:00Z`).toISOString().startsWith(text)) return { value: text };
    return wrong('write year, month and day: 2026-12-25');
  },
});
