import type { LogLine } from '../../src/control/contract.ts';

/** One line that an instance has printed. */
export const LogRow = ({ line: { instance, stream, line } }: { readonly line: LogLine }) => (
  <li class={`log ${stream}`}>
    <span class="faint">{instance}</span> <span class="text">{line}</span>
  </li>
);
