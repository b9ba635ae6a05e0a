// The app under the bench: quick, so that what is measured is Teal. Answers with the version it was deployed as.
import { createServer } from 'node:http';

const page = Buffer.alloc(1024, 'teal ');
const headers = { 'content-type': 'text/plain', 'x-version': process.env.TEAL_VERSION ?? 'none' };

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(200, headers).end(page));
});
// Longer than any pause of the load, so that connections are kept for as long as the router likes.
server.keepAliveTimeout = 75_000;
server.listen(Number(process.env.PORT), process.env.HOST);
process.on('SIGTERM', () => server.close());
