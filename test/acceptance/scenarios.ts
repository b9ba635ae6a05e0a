/** What users of this field's tools rely on, one scenario a row. A row passes through the proof that bears its id. */
export interface Scenario {
  readonly id: string;
  readonly section: Section;
  readonly title: string;
}

type Section = 'blue-green' | 'canary' | 'gates and people' | 'nothing lost';

const section = (name: Section, rows: Readonly<Record<string, string>>): readonly Scenario[] =>
  Object.entries(rows).map(([id, title]) => ({ id, section: name, title }));

export const scenarios: readonly Scenario[] = [
  ...section('blue-green', {
    A1: 'an update goes live in one switch',
    A2: 'tests before the switch fail: live is untouched',
    A3: 'the watch after the switch fails: switched back, also when the new version crashes at that very moment',
    A4: 'abort, then deploy a third version',
    A5: 'the candidate has one instance for its tests, and full size before the switch',
    A6: 'promoted by itself after a time, or by hand',
    A7: 'the deadline passes: aborted, and said why; a pause longer than the deadline is no timeout',
    A8: 'the old environment is kept for the window, then stopped; a rollback inside it is one routing change',
    A9: 'a rollback after the window starts the old version first, then switches',
    A10: 'the strategy changes between two releases',
    A11: 'full promotion skips the remaining steps, and says who asked',
  }),
  ...section('canary', {
    C1: 'steps advance on evidence',
    C2: 'no evidence: sign-off is asked for',
    C3: 'one of several metrics fails: rolled back, and the metric is named',
    C4: 'abort, retry and promote in every state in which they make sense; refused with a reason in the others',
    C5: 'capacity follows exposure: the candidate never serves more than its instances can carry',
    C6: 'scale while paused, during a step, and during an abort',
    C7: 'an abort scales down only after the drain',
    C8: 'good after bad, bad after good, bad after bad, good after good: releases in a row',
    C9: 'an invalid step or configuration is refused before anything runs, with line and remedy',
    C10: 'header, cookie, user, group, CIDR v4 and v6, country, percent, and any and all of them together',
    C11: 'mirrored traffic: copies are sent, their answers discarded, and writes can be left out',
    C12: 'deploy during a running release: refused, queued or superseding, as asked; a rollback goes to what was live',
    C13: 'redeploying the live version during a release ends the release',
    C14: "the candidate's processes all die during a step",
    C15: 'a dry-run metric never rolls back',
    C16: 'secrets never appear in logs, events, the API or the page',
    C17: 'raising 1, 5, 10, 25, 50, 100 only adds people; nobody sees old after new, but by rollback',
    C18: 'the same cohort is the same in three releases; a fresh one repeats nobody until all have been first',
    C19: 'small numbers, UUIDs, e-mails and non-ASCII names as identities: every percentage within its bounds',
    C20: 'the release cookie goes with the release, the identity cookie stays; an old cookie does no harm',
    C21: 'a tab opened on the old version asks for its old assets after the switch',
  }),
  ...section('gates and people', {
    G1: 'approval by a person with the right role; self-approval refused where four eyes are asked for; recorded',
    G2: 'an approval names the step it saw: two approvers cannot skip one',
    G3: 'the judge goes on while an approval is awaited, and rolls back',
    G4: 'tests: command, HTTP checks, timeout, and the output kept',
    G5: 'notifications are signed, retried, and never hold up a rollback',
  }),
  ...section('nothing lost', {
    L1: 'at switch, promote, abort, rollback and drain: keep-alive, pipelined, uploads, slow bodies, WebSocket, SSE, HTTP/2, gRPC',
    L2: 'a rollback reaches clients within 100 ms, measured at the client',
    L3: 'kill -9 of the control plane at every persisted transition, of a router worker, of an instance',
    L4: "two control planes at once: one leads, the other's writes are fenced off",
    L5: 'the clock jumps an hour either way',
    L6: 'the metric source is down, slow, NaN, empty, malformed',
    L7: 'six requests a minute',
    L8: 'latency is worse, without errors',
    L9: 'errors only in one cohort',
    L10: 'errors that begin an hour into a release, while it can still be compared or undone',
    L11: 'spoofed routing headers, cookies, X-Forwarded-For, and JWTs (no algorithm, wrong key, expired)',
    L12: 'schema: expand, contract and undo, with both versions writing',
    L13: 'rows in the new format after a rollback',
    L14: 'disk full, store locked, state cut short or from a newer version: refused with a remedy, traffic goes on',
    L15: 'a table that is applied on one router and not on the other',
    L16: 'an upgrade of Teal itself, control plane and routers, under load',
    L17: 'resume while draining; two deploys in one instant; POST on a connection that is being closed',
    L18: 'kill -9 in the middle of every write: what is on disk is whole',
  }),
];
