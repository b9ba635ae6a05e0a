import { isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import type { ListenAddress } from './router.ts';
import { leaf, wrong, type Leaf, type Read } from './leaf.ts';

const label = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?';
const hostName = new RegExp(`^(\\*\\.)?${label}(\\.${label})*$`);

/** A host as in the Host header, without port, in lower case; `*.x` takes every name below x. */
export const host: Leaf<string> = leaf({
  expected: 'a host name such as shop.example.com or *.example.com',
  json: { type: 'string' },
  read(input): Read<string> {
    if (typeof input !== 'string') return wrong('write a host name, such as shop.example.com');
    const lower = input.toLowerCase();
    if (isHost(lower)) return { value: lower };
    if (input === '*' || input === '') return wrong('remove hosts: without it the app answers on every host');
    const bare = domainToASCII(lower.replace(/^[a-z]+:\/\//, '').replace(/[/:?#].*$/s, ''));
    return wrong(isHost(bare) ? `write ${bare}` : 'write a host name, such as shop.example.com');
  },
});

function isHost(text: string): boolean {
  if (text.length > 253) return false;
  return hostName.test(text) || (/^\[.*\]$/.test(text) && isIPv6(text.slice(1, -1)));
}

/** A path prefix on segment borders; a slash at its end means nothing and is dropped. */
export const pathPrefix: Leaf<string> = leaf({
  expected: 'a path that starts with / and holds no ? or #',
  json: { type: 'string', pattern: '^/[^?#\\s]*$' },
  read(input): Read<string> {
    const problem = pathProblem(input, /[?#]/);
    if (typeof input !== 'string' || problem !== null) return wrong(problem ?? 'write /');
    return { value: input === '/' ? input : input.replace(/\/+$/, '') };
  },
});

/** What a check asks for: a path, and a query if wanted. */
export const requestPath: Leaf<string> = leaf({
  expected: 'a path that starts with / and holds no #',
  json: { type: 'string', pattern: '^/[^#\\s]*$' },
  read(input): Read<string> {
    const problem = pathProblem(input, /#/);
    return typeof input === 'string' && problem === null ? { value: input } : wrong(problem ?? 'write /');
  },
});

/** The remedy, or null. What is not printable ASCII could not be sent in a request line (RFC 9112, 3.2). */
function pathProblem(input: unknown, forbidden: RegExp): string | null {
  if (typeof input !== 'string' || input === '') return 'write a path, such as /';
  if (input.startsWith('//')) return `write ${input.replace(/^\/+/, '/')}`;
  if (!input.startsWith('/'))
    return /^[a-z]+:\/\//i.test(input) ? 'write only the path, such as /' : `write /${input}`;
  if (!/^[\x21-\x7E]+$/.test(input)) return 'percent-encode blanks and everything that is not ASCII';
  if (forbidden.test(input)) return `write ${input.slice(0, input.search(forbidden))}`;
  return /\/\.\.?(\/|$)/.test(input) ? 'write it without . and .. segments' : null;
}

type Ranges = readonly (readonly [number, number])[];

/** Status codes: 200, 200-299, or a list of both. Inclusive ranges. */
export const status: Leaf<Ranges> = leaf({
  expected: 'a status such as 200, a range such as 200-299, or a list of both',
  json: {
    anyOf: [
      { $ref: '#/definitions/status' },
      { type: 'array', items: { $ref: '#/definitions/status' }, minItems: 1 },
    ],
  },
  read(input): Read<Ranges> {
    const list: readonly unknown[] = Array.isArray(input) ? (input as unknown[]) : [input];
    const ranges: (readonly [number, number])[] = [];
    for (const [index, item] of list.entries()) {
      const range = statusRange(item);
      if (range === null) {
        return wrong('write 200, or 200-299', Array.isArray(input) ? { at: [index], input: item } : {});
      }
      ranges.push(range);
    }
    return ranges.length === 0 ? wrong('write 200-299') : { value: ranges };
  },
});

function statusRange(input: unknown): readonly [number, number] | null {
  const match =
    typeof input === 'string' || typeof input === 'number' ? /^(\d{3})(?:-(\d{3}))?$/.exec(`${input}`) : null;
  if (match === null) return null;
  const low = Number(match[1]);
  const high = Number(match[2] ?? match[1]);
  // 1xx is not a final answer; above 599 there is none (RFC 9110, 15).
  return low >= 200 && high <= 599 && low <= high ? [low, high] : null;
}

/** `10.0.0.0/8`; a single address stands for itself. */
export const cidr: Leaf<string> = leaf({
  expected: 'a CIDR range such as 10.0.0.0/8 or fd00::/8',
  json: { type: 'string' },
  read(input): Read<string> {
    if (typeof input !== 'string') return wrong('write a range, such as 10.0.0.0/8');
    const [address = '', prefix, ...more] = input.split('/');
    const most = isIP(address) === 6 ? 128 : 32;
    if (isIP(address) === 0 || address.includes('%') || more.length > 0)
      return wrong('write a range, such as 10.0.0.0/8');
    if (prefix === undefined) return { value: `${address}/${most}` };
    if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > most)
      return wrong(`write ${address}/ and a number from 0 to ${most}`);
    return { value: `${address}/${Number(prefix)}` };
  },
});

/** Where to listen. A port alone means loopback: to be reached from elsewhere is something to ask for. */
export const listenAddress: Leaf<ListenAddress> = leaf({
  expected: 'a port, or an address and a port such as 127.0.0.1:8080, 0.0.0.0:80, [::1]:8080',
  json: { anyOf: [{ type: 'integer', minimum: 0, maximum: 65535 }, { type: 'string' }] },
  read(input): Read<ListenAddress> {
    if (typeof input !== 'string' && typeof input !== 'number') return wrong('write 127.0.0.1:8080');
    const written = `${input}`;
    const match = /^(?:(.*):)?(\d{1,5})$/.exec(written);
    if (match === null) return wrong(isIP(written) === 4 ? `write ${written}:8080` : 'write 127.0.0.1:8080');
    const port = Number(match[2]);
    if (port > 65_535) return wrong('write a port from 0 to 65535');
    if (match[1] === undefined) return { value: { host: '127.0.0.1', port } };
    if (match[1] === '' || match[1] === '*') {
      return wrong(`write 127.0.0.1:${port} for this machine only, or 0.0.0.0:${port} for everyone`);
    }
    const bound = bindable(match[1]);
    if (bound !== null) return { value: { host: bound, port } };
    return wrong(isIPv6(match[1]) ? `write "[${match[1]}]:${port}"` : `write 127.0.0.1:${port}`);
  },
});

function bindable(address: string): string | null {
  if (/^\[.*\]$/.test(address)) return isIPv6(address.slice(1, -1)) ? address.slice(1, -1) : null;
  if (isIP(address) === 4) return address;
  const name = address.toLowerCase();
  // Digits and dots only: a mistyped address, not a name.
  return hostName.test(name) && !name.startsWith('*') && !/^[\d.]+$/.test(name) ? name : null;
}
