import type { Deps } from '../deps.ts';
import { TealError } from '../../errors.ts';
import { endsWithin } from '../pause.ts';

/** Whoever asks more often gets the same again: asking writes to the disk, and is for anyone. */
const sameForMs = 1000;
/** Both answer in milliseconds, or something is wrong. */
const answerMs = 1000;

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly says: string;
}

/** Whether work may be sent here. */
export class Readiness {
  readonly #deps: Pick<Deps, 'store' | 'router'>;
  readonly #closing: AbortSignal;
  #last: { readonly at: number; readonly checks: Promise<readonly Check[]> } | null = null;

  constructor(deps: Pick<Deps, 'store' | 'router'>, closing: AbortSignal) {
    this.#deps = deps;
    this.#closing = closing;
  }

  /** @throws TealError `not-ready` with every check in its details */
  async check(): Promise<{ readonly ready: true; readonly checks: Check[] }> {
    const now = performance.now();
    if (this.#last === null || now - this.#last.at >= sameForMs)
      this.#last = { at: now, checks: this.#look() };
    const checks = [...(await this.#last.checks), this.#ending()];
    const failed = checks.filter(({ ok }) => !ok);
    if (failed.length === 0) return { ready: true, checks };
    throw new TealError('not-ready', `Not ready: ${failed.map(({ says }) => says).join('; ')}.`, {
      remedy: 'teal doctor says more; what is served goes on',
      details: { checks },
    });
  }

  async #look(): Promise<readonly Check[]> {
    return await Promise.all([this.#store(), this.#router()]);
  }

  async #store(): Promise<Check> {
    const probed = this.#deps.store.probe().then(
      () => null,
      (error: unknown) => (error instanceof TealError ? error.code : 'internal'),
    );
    const failure = (await endsWithin(probed, answerMs)) ? await probed : 'timed-out';
    return failure === null
      ? { name: 'store', ok: true, says: 'the event log can be written to' }
      : { name: 'store', ok: false, says: `the event log cannot be written to (${failure})` };
  }

  async #router(): Promise<Check> {
    const asked = this.#deps.router.status();
    const reached = asked.then(
      () => true,
      () => false,
    );
    const ok = (await endsWithin(reached, answerMs)) && (await reached);
    return { name: 'router', ok, says: ok ? 'the router answers' : 'the router does not answer' };
  }

  #ending(): Check {
    const ok = !this.#closing.aborted;
    return { name: 'control', ok, says: ok ? 'Teal runs' : 'Teal is being ended' };
  }
}
