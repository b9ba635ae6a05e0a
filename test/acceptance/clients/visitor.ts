import { Agent, request, type IncomingMessage } from 'node:http';

export interface VisitorOptions {
  /** The address that the connection comes from; 127.0.0.1 by default. */
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** As browsers do; false: everything it was given is forgotten. */
  readonly keepsCookies?: boolean;
}

/** Somebody with a connection and a cookie jar of their own. A request that is not answered with 200 is thrown. */
export class Visitor {
  /** What they were given and have kept; may be changed. */
  readonly jar = new Map<string, string>();
  /** Sent with each request; may be changed, as by who signs in. */
  headers: Readonly<Record<string, string>>;
  readonly #port: number;
  readonly #agent: Agent;
  readonly #keeps: boolean;

  constructor(port: number, { from = '127.0.0.1', headers = {}, keepsCookies = true }: VisitorOptions = {}) {
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress: from });
    this.headers = headers;
    this.#keeps = keepsCookies;
  }

  /** @returns the version that has answered */
  async ask(path = '/version'): Promise<string> {
    const answer = await this.#send(path);
    let body = '';
    for await (const chunk of answer) body += String(chunk);
    if (answer.statusCode !== 200)
      throw new Error(`${path} was answered ${answer.statusCode}: ${body.slice(0, 200)}`);
    if (this.#keeps) this.#keep(answer.headers['set-cookie'] ?? []);
    return String(answer.headers['x-version']);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(path: string): Promise<IncomingMessage> {
    const { cookie: own = '', ...headers } = this.headers;
    const kept = [...this.jar].map(([name, value]) => `${name}=${value}`);
    const cookie = [...kept, own].filter((each) => each !== '').join('; ');
    const all = cookie === '' ? headers : { ...headers, cookie };
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#port, path, agent: this.#agent, headers: all };
      request(options, resolve).on('error', reject).end();
    });
  }

  #keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split('; ');
      const name = pair.slice(0, pair.indexOf('='));
      if (attributes.includes('Max-Age=0')) this.jar.delete(name);
      else this.jar.set(name, pair.slice(name.length + 1));
    }
  }
}

/** Asks once for each, a few at a time. @returns which version each has met, in order */
export async function askAll(visitors: readonly Visitor[]): Promise<readonly string[]> {
  const met: string[] = [];
  for (let at = 0; at < visitors.length; at += 32) {
    met.push(...(await Promise.all(visitors.slice(at, at + 32).map((visitor) => visitor.ask()))));
  }
  return met;
}
