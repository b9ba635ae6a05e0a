/** See over-tls.test.ts. */
process.env['TEAL_TEST_TRANSPORT'] = 'tls';

await import('./streams.test.ts');
await import('./connections.test.ts');
await import('./drain.test.ts');
