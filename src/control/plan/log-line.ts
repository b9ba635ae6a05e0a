/**
 * One line of an access log, whoever wrote it: the combined format of Apache and nginx (also with the host before it), or one JSON object with
 * any of the names that common servers use for a field.
 */

export interface LoggedRequest {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** As it was written; empty when the line has none. */
  readonly address: string;
  /** Who signed in, where the log has it. */
  readonly user: string | null;
  readonly status: number | null;
  readonly userAgent: string | null;
  readonly referer: string | null;
}

/** `other`: a request of another app, or one that no release would move. `dropped`: Teal's own log says how many lines it could not keep. */
export type Read =
  | { readonly kind: 'request'; readonly request: LoggedRequest }
  | { readonly kind: 'other' }
  | { readonly kind: 'dropped'; readonly lines: number }
  | { readonly kind: 'unreadable' };

const unreadable: Read = { kind: 'unreadable' };
const other: Read = { kind: 'other' };

/** No access log is older than the century, and none is of the day after tomorrow: such a time is a broken line. */
const earliest = Date.UTC(2000, 0, 1);

/** @param app whose requests are meant, where the log says so @param latest times behind it are not believed */
export function readLogLine(line: string, app: string, latest: number): Read {
  const read = line.startsWith('{') ? readJson(line, app) : readCombined(line);
  if (read.kind !== 'request') return read;
  const { at, address, user } = read.request;
  if (!(at >= earliest && at <= latest)) return unreadable;
  return address === '' && user === null ? unreadable : read;
}

// Each part ends where the next begins: no line, however made, takes more than a few passes. An address has a dot or a colon; a
// host before it may have none.
const combined =
  /^(?:[^\s"[]+ )?(?=[^\s"[]*[.:])([^\s"[]+) [^\s"[]+ ([^"[]+) \[([^\]]{20,30})\] "(?:[^"\\]|\\.)*" (\d{3}) [\d-]+(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?/;

function readCombined(line: string): Read {
  const found = combined.exec(line);
  if (found === null) return unreadable;
  const [, address = '', user = '-', time = '', status = '', referer, userAgent] = found;
  return {
    kind: 'request',
    request: {
      at: clfTime(time),
      address,
      user: said(user),
      status: Number(status),
      userAgent: said(userAgent),
      referer: said(referer),
    },
  };
}

const said = (value: string | undefined): string | null =>
  value === undefined || value === '-' || value === '' ? null : value;

const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const clf = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/;

/** `23/Nov/2026:08:35:11 +0000`; NaN for anything else. */
function clfTime(text: string): number {
  const found = clf.exec(text);
  if (found === null) return Number.NaN;
  const [, day, name = '', year, hour, minute, second, sign, zoneHour, zoneMinute] = found;
  const month = months.indexOf(name) / 3;
  if (!Number.isInteger(month) || month < 0) return Number.NaN;
  const utc = Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second));
  const zone = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000;
  return sign === '-' ? utc + zone : utc - zone;
}

type Fields = Readonly<Record<string, unknown>>;

function readJson(line: string, app: string): Read {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return unreadable;
  }
  if (!isMap(fields)) return unreadable;
  if (isOurs(fields)) {
    if (typeof fields['dropped'] === 'number') return { kind: 'dropped', lines: fields['dropped'] };
    if (fields['app'] !== app || fields['rule'] === 'preview') return other;
  }
  // Caddy puts what is about the request into an object of its own.
  const inner = isMap(fields['request']) ? { ...fields['request'], ...fields } : fields;
  return {
    kind: 'request',
    request: {
      at: jsonTime(first(inner, names.time)),
      address: text(first(inner, names.address)) ?? '',
      user: text(first(inner, names.user)),
      status: number(first(inner, names.status)),
      userAgent: text(first(inner, names.userAgent)) ?? header(inner, 'User-Agent'),
      referer: text(first(inner, names.referer)) ?? header(inner, 'Referer'),
    },
  };
}

/** Of Teal's own router: only there `app` is the name of an app of teal.yaml. */
const isOurs = (fields: Fields): boolean =>
  'worker' in fields && 'time' in fields && ('generation' in fields || 'dropped' in fields);

/** In the order in which they are believed: of nginx's usual names, Caddy, Traefik, Envoy, HAProxy, Cloudflare and Teal. */
const names = {
  time: [
    'time',
    'timestamp',
    '@timestamp',
    'ts',
    'time_iso8601',
    'time_local',
    'msec',
    'start_time',
    'StartUTC',
    'EdgeStartTimestamp',
    'date',
  ],
  address: [
    'client',
    'client_ip',
    'clientIp',
    'clientip',
    'remote_addr',
    'remote_ip',
    'remoteAddress',
    'ip',
    'ClientHost',
    'ClientIP',
    'downstream_remote_address_without_port',
    'remote_host',
  ],
  user: ['user', 'user_id', 'userId', 'sub', 'remote_user', 'ClientUsername'],
  status: ['status', 'status_code', 'statusCode', 'response_code', 'DownstreamStatus', 'EdgeResponseStatus'],
  userAgent: ['user_agent', 'userAgent', 'http_user_agent', 'agent', 'ClientRequestUserAgent'],
  referer: ['referer', 'referrer', 'http_referer', 'ClientRequestReferer'],
} as const;

function first(fields: Fields, all: readonly string[]): unknown {
  for (const name of all) if (fields[name] !== undefined && fields[name] !== null) return fields[name];
  return undefined;
}

const text = (value: unknown): string | null =>
  typeof value === 'string' ? said(value) : Number.isSafeInteger(value) ? `${value as number}` : null;

function number(value: unknown): number | null {
  const parsed = typeof value === 'string' && value !== '' ? Number(value) : value;
  return Number.isInteger(parsed) ? (parsed as number) : null;
}

/** Caddy's `headers`: a list of values for each name. */
function header(fields: Fields, name: string): string | null {
  const all = fields['headers'];
  const values = isMap(all) ? all[name] : undefined;
  return Array.isArray(values) ? text(values[0]) : null;
}

/** ISO 8601, the combined format's time, or seconds (with or without a fraction) or milliseconds since the epoch. */
function jsonTime(value: unknown): number {
  if (typeof value === 'number') return value > 1e11 ? value : value * 1000;
  if (typeof value !== 'string') return Number.NaN;
  if (/^\d{9,13}(\.\d+)?$/.test(value)) return jsonTime(Number(value));
  const iso = Date.parse(value);
  return Number.isNaN(iso) ? clfTime(value) : iso;
}

const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
