import { leaf, wrong, type Leaf, type Read } from './leaf.ts';

/** Where the access log goes: nowhere, beside the router's own log, or a file. */
export const accessLog: Leaf<string> = leaf({
  expected: 'none, logs, or a file such as /var/log/teal/access.log',
  json: { type: 'string', minLength: 1 },
  read(input): Read<string> {
    if (typeof input !== 'string' || input.trim() === '' || input.includes('\0'))
      return wrong('write logs to have it beside the other logs');
    if (/[/\\]$/.test(input)) return wrong(`name a file, such as ${input}access.log`);
    return ['on', 'true', 'yes', 'off', 'false', 'no'].includes(input)
      ? wrong('write logs, or none')
      : { value: input };
  },
});

/** The answers that Teal itself gives for an app; a page for any other would never be shown. */
const answered = [400, 403, 404, 408, 413, 429, 502, 503, 504].map((status) => `${status}`);

/** Which of Teal's own answers a page is for. */
export const errorKey: Leaf<string> = leaf({
  expected: `maintenance, 4xx, 5xx, or one of ${answered.join(', ')}`,
  json: { type: 'string', enum: ['maintenance', '4xx', '5xx', ...answered] },
  read(input): Read<string> {
    if (typeof input !== 'string') return wrong('write a status, such as 502');
    const key = input.toLowerCase();
    if (key === 'maintenance' || key === '4xx' || key === '5xx' || answered.includes(key))
      return { value: key };
    return wrong(
      /^[1-5]\d\d$/.test(key)
        ? `remove it: Teal itself never answers ${key}, and the app's own answers go out as they are`
        : 'write a status, such as 502',
    );
  },
});
