import * as v from 'valibot';
import { contentType } from '../../../metrics/exposition.ts';
import { alive, errorKind, openApiDocument, readiness } from '../answers/teal.ts';
import type { Route } from '../route.ts';
import { none } from './parts.ts';

const told = { method: 'GET', tag: 'teal', role: 'anyone', about: 'own', params: none, query: none } as const;

/** What Teal says of itself. */
export const teal = {
  healthz: {
    ...told,
    path: '/healthz',
    says: 'It is alive: it answers.',
    answer: { kind: 'json', schema: alive },
    errors: [],
  },
  readyz: {
    ...told,
    path: '/readyz',
    says: 'Work may be sent here: the event log can be written to, and the router is reached.',
    answer: { kind: 'json', schema: readiness },
    errors: ['not-ready'],
  },
  metrics: {
    ...told,
    role: 'viewer',
    about: 'all',
    path: '/metrics',
    says: 'Figures for Prometheus.',
    answer: { kind: 'text', type: contentType },
    errors: [],
  },
  openapi: {
    ...told,
    path: '/v1/openapi.json',
    says: 'This document.',
    answer: { kind: 'json', schema: openApiDocument },
    errors: [],
  },
  errors: {
    ...told,
    path: '/v1/errors',
    says: 'Every code that a refusal can have.',
    answer: { kind: 'json', schema: v.array(errorKind) },
    errors: [],
  },
  error: {
    ...told,
    path: '/v1/errors/:code',
    says: 'One of them: where the `type` of a refusal leads.',
    params: v.strictObject({ code: v.pipe(v.string(), v.maxLength(200)) }),
    answer: { kind: 'json', schema: errorKind },
    errors: ['not-found'],
  },
} as const satisfies Record<string, Route>;
