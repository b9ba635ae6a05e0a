/** Requests over TCP as anybody could send them, with or without TLS. */
import http from 'node:http';
import https from 'node:https';

export interface FarAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly json: <T>() => T;
}

export interface FarRequest {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** PEM of the authority that is believed. */
  readonly ca?: string;
}

const json = { 'content-type': 'application/json' };

export function far(url: string, options: FarRequest = {}): Promise<FarAnswer> {
  const { method = options.body === undefined ? 'GET' : 'POST', token, headers = {}, body, ca } = options;
  const content = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const ask = url.startsWith('https:') ? https.request : http.request;
    const all = {
      ...(content === undefined || Buffer.isBuffer(content) ? {} : json),
      ...headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const request = ask(
      url,
      { method, agent: false, headers: all, ...(ca === undefined ? {} : { ca }) },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: text,
            json: <T>() => JSON.parse(text) as T,
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(content as string | Buffer | undefined);
  });
}
