import type { OutgoingHttpHeaders } from 'node:http2';

/** What HTTP/2 says otherwise: by the session, or by the frames. */
const left: ReadonlySet<string> = new Set(['connection', 'transfer-encoding']);

/**
 * The head that goes to an app over HTTP/2: the lines that `rewriteRequest` wrote, so that both kinds of app are told
 * the same.
 * @param text a request head of HTTP/1.1 with its empty line, of ours and therefore well-formed
 */
export function outgoingHead(text: string): OutgoingHttpHeaders {
  const [start = '', ...lines] = text.slice(0, -4).split('\r\n');
  const [method = '', path = ''] = start.split(' ');
  const head: Record<string, string | string[]> = { ':method': method, ':scheme': 'http', ':path': path };
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'host') head[':authority'] = value;
    else if (!left.has(name)) append(head, name, value);
  }
  return head;
}

function append(head: Record<string, string | string[]>, name: string, value: string): void {
  const before = head[name];
  if (before === undefined) head[name] = value;
  // Several cookie fields are one text (RFC 9113 §8.2.3).
  else if (name === 'cookie') head[name] = `${String(before)}; ${value}`;
  else if (Array.isArray(before)) before.push(value);
  else head[name] = [before, value];
}
