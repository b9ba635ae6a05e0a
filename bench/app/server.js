// The app under the bench: quick, so that what is measured is Teal. Answers with the version it was deployed as.
import { Agent, createServer, request } from 'node:http';

const page = Buffer.alloc(1024, 'teal ');
const headers = { 'content-type': 'text/plain', 'x-version': process.env.TEAL_VERSION ?? 'none' };
const { HOST: host, PORT: port } = process.env;
const together = 16;
let toWarm = Number(process.env.WARM_UP ?? 0);

const server = createServer((asked, answer) => {
  asked.resume();
  const ready = toWarm <= 0 || asked.headers['x-warm-up'] !== undefined;
  asked.on('end', () => answer.writeHead(ready ? 200 : 503, headers).end(page));
});
// Longer than any pause of the load, so that connections are kept for as long as the router likes.
server.keepAliveTimeout = 75_000;
server.listen(Number(port), host, () => void warmUp());
process.on('SIGTERM', () => server.close());

/** Asks itself until its code is compiled; not healthy before. A cold process would be slow at first, whoever switches. */
async function warmUp() {
  const agent = new Agent({ keepAlive: true, maxSockets: together });
  for (; toWarm > 0; toWarm -= together) {
    await Promise.all(Array.from({ length: together }, (_, index) => askMyself(agent, index)));
  }
  agent.destroy();
}

function askMyself(agent, index) {
  const method = index % 5 === 0 ? 'POST' : 'GET';
  return new Promise((resolve, reject) => {
    const asking = request({ agent, host, port, method, headers: { 'x-warm-up': '1' } }, (response) => {
      response.resume().on('end', resolve);
    });
    asking.on('error', reject).end(method === 'POST' ? page : undefined);
  });
}
