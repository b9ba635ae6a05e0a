// The app under the bench: quick, so that what is measured is Teal. Answers with the version it was deployed as.
import { existsSync, readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';

const page = Buffer.alloc(1024, 'teal ');
const headers = { 'content-type': 'text/plain', 'x-version': process.env.TEAL_VERSION ?? 'none' };
const { HOST: host, PORT: port } = process.env;
const together = 16;
/** What a version does to people: which part of their requests fails, and how long the middle one of them takes. */
const people = existsSync('people.json') ? JSON.parse(readFileSync('people.json', 'utf8')) : null;
/** Of the logarithm of their times: one in twenty takes 2.7 times as long as the middle one, as with most apps. */
const spread = 0.6;
let toWarm = Number(process.env.WARM_UP ?? 0);

const server = createServer((asked, answer) => {
  asked.resume();
  const ready = toWarm <= 0 || asked.headers['x-warm-up'] !== undefined;
  asked.on('end', () => {
    const person = people !== null && asked.headers['x-user'] !== undefined;
    const status = !ready ? 503 : person && Math.random() < people.errors ? 500 : 200;
    if (!person) return answer.writeHead(status, headers).end(page);
    setTimeout(() => answer.writeHead(status, headers).end(page), timeOf(people.medianMs));
  });
});
// Longer than any pause of the load, so that connections are kept for as long as the router likes.
server.keepAliveTimeout = 75_000;
server.listen(Number(port), host, () => void warmUp());
process.on('SIGTERM', () => server.close());

/** Milliseconds, log-normal (by Box and Muller). */
function timeOf(median) {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return median * Math.exp(spread * normal);
}

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
