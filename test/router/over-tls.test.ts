/**
 * All that holds of HTTP/1.1 on plain connections holds on encrypted ones: the same tables once more, over TLS (here,
 * and in over-tls-streams.test.ts). What is between accepting and the first byte of HTTP is in tls.test.ts.
 */
process.env['TEAL_TEST_TRANSPORT'] = 'tls';

await import('./requests.test.ts');
await import('./responses.test.ts');
await import('./bodies.test.ts');
await import('./hostile.test.ts');
await import('./refusals.test.ts');
await import('./probes.test.ts');
await import('./preview.test.ts');
await import('./http1.test.ts');
