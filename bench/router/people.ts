/** Who asks where a release in phases runs: half of them signed in, half of them with nothing but Teal's cookie. */
import { makeProvider, type Provider } from '../../examples/canary/tokens.ts';

/** So many that what is remembered of each is used, and that no two requests in a row are of the same person. */
const people = 512;

/** What browsers send with every page; the same for all of them. */
const session = 'session=0123456789abcdef0123456789abcdef; theme=dark; lang=en';

export interface People {
  readonly provider: Provider;
  /** The Cookie header of each, as the app and its login have set them. */
  readonly cookies: readonly string[];
}

export function makePeople(): People {
  const provider = makeProvider();
  const groups = ['customers', 'newsletter', 'de'];
  const cookies = Array.from({ length: people }, (_, index) =>
    index % 2 === 0 ? `${session}; auth=${provider.token(`user-${index}`, { groups })}` : session,
  );
  return { provider, cookies };
}

/** The same people with the cookies that Teal gives them, as browsers would keep them: who is somebody from now on may be chosen at the next visit. */
export async function visited(port: number, cookies: readonly string[]): Promise<readonly string[]> {
  return await visit(port, await visit(port, cookies));
}

async function visit(port: number, cookies: readonly string[]): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const cookie of cookies) {
    const response = await fetch(`http://127.0.0.1:${port}/small`, { headers: { cookie } });
    await response.arrayBuffer();
    const given = response.headers.getSetCookie().map((line) => line.split(';', 1)[0] ?? '');
    kept.push([cookie, ...given].join('; '));
  }
  return kept;
}
