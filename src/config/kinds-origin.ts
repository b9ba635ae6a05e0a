import { isLoopback } from './control.ts';
import { leaf, wrong, type Leaf, type Read } from './leaf.ts';

/**
 * An address that secrets are sent to or cookies come from: https, but on this machine.
 * @param allowed `bare`: scheme, host and port alone; `path`: also a path
 */
export function origin(allowed: 'bare' | 'path'): Leaf<string> {
  return leaf({
    expected: 'an address such as https://teal.example.com',
    json: { type: 'string', format: 'uri' },
    read(input): Read<string> {
      if (typeof input !== 'string' || !URL.canParse(input)) return wrong('write it with https://');
      const url = new URL(input);
      if (url.username !== '' || url.password !== '')
        return wrong('write it without name and password', { input: `${url.protocol}//…@${url.host}` });
      if (url.search !== '' || url.hash !== '') return wrong('write it without ? and #');
      const here = url.protocol === 'http:' && isLoopback(url.hostname.replaceAll(/[[\]]/g, ''));
      if (url.protocol !== 'https:' && !here)
        return wrong('write https://: what is sent there must not be read on the way');
      if (allowed === 'path') return { value: input };
      return url.pathname === '/' ? { value: url.origin } : wrong(`write ${url.origin}`);
    },
  });
}
