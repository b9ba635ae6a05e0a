/** Somebody who buys. */
export interface Customer {
  readonly id: string;
  readonly name: string;
}

/** What is in the cart, in cents. */
export interface Item {
  readonly name: string;
  readonly price: number;
}
