import type { Colour as Name } from '../../src/release/state.ts';

/** An environment by its name and its sign: never by its colour alone. */
export const Colour = ({ of }: { readonly of: Name }) => (
  <span class={`colour ${of}`}>
    <i aria-hidden="true" />
    {of}
  </span>
);
