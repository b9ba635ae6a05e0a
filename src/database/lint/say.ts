import { blocks, type Lock, type Work } from './locks.ts';

const works: Readonly<Record<Work, string>> = {
  moment: 'for a moment',
  scan: 'while rows are read',
  build: 'while an index is built',
  rewrite: 'while it is written anew',
};

/** A lock, how long it is held, and whom it keeps waiting. */
export function sayLock({ on, mode, work }: Lock): string {
  return `${mode} on ${on} ${works[work]}: blocks ${blocks(mode)}`;
}

/** With the article that is spoken before it. */
export function aOrAn(noun: string): string {
  return `${/^[aeio]/.test(noun) ? 'an' : 'a'} ${noun}`;
}
