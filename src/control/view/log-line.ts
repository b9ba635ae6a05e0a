/** Fields that every line has, and that tell a person at a terminal nothing. */
const usual = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'error']);

/** A line of the log, which is written as JSON, for a person: when, what, and the facts in short. Other lines stay as they are. */
export function logLine(json: string): string {
  const line = parsed(json);
  if (line === null) return json;
  const at = new Date(Number(line['time']));
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':');
  const facts = Object.entries(line)
    .filter(([name, value]) => !usual.has(name) && value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const error = said(line['error']);
  const text = `${String(line['msg'])}${error === null ? '' : `: ${error}`}`;
  return `${time}  ${Number(line['level']) >= 50 ? '✗' : '!'} ${[text, ...facts].join('  ')}\n`;
}

function parsed(json: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

/** What an error says; where it was thrown is for `teal up --json`. */
function said(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  return 'message' in error && typeof error.message === 'string' ? error.message : null;
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');
