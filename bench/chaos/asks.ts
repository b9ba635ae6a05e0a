/** What the crowd asks: requests that may be sent twice and such that may not, short and long, by people who are known and by nobody. */
import { slowPost, type Ask } from '../../test/acceptance/clients/crowd.ts';

const people = 40;

const get = (path: string, user: number | null): Ask => ({
  name: `GET ${path}`,
  idempotent: true,
  pieces: [`GET ${path} HTTP/1.1\r\nHost: chaos\r\n${user === null ? '' : `x-user-id: user${user}\r\n`}\r\n`],
  everyMs: 0,
});

const post = (user: number): Ask => ({
  name: 'POST /order',
  idempotent: false,
  pieces: [
    `POST /order?ms=20 HTTP/1.1\r\nHost: chaos\r\nx-user-id: user${user}\r\nContent-Length: 5\r\n\r\nthree`,
  ],
  everyMs: 0,
});

/** Enough in turn that every connection speaks for many people. */
export const asks: readonly Ask[] = Array.from({ length: people }, (_, user) => [
  get('/quick', user),
  get('/quick', null),
  get('/slow?ms=40', user),
  post(user),
  get('/pieces', user),
  get('/quick', user),
  slowPost(4, 20),
]).flat();
