import type { Engine } from './engine.ts';
import type { Page } from './page.ts';
import type { ResponseTarget, ResponseWriter } from './response.ts';
import type { Visit } from './visit.ts';

/** What a request that is decided again brings along; the times on the engine's clock. */
export interface Before {
  /** How long it may wait in all, if it has waited. */
  readonly waitsUntil: number | null;
  /** When it has to be over; null: it has not begun. */
  readonly last: number | null;
  readonly visit: Visit | null;
  /** What the client brought has been verified meanwhile, as far as that can be. */
  readonly verified?: boolean;
  /** No instance of the candidate would have it: live has it. */
  readonly left?: boolean;
}

/** What an answer of ours needs to know of the request. */
export interface Answered {
  readonly method: string;
  readonly keep: boolean;
  readonly visit: Visit | null;
  /** Content that had come. */
  readonly bytesIn?: number;
}

/** Who is answered: a connection of HTTP/1, or a stream of HTTP/2. */
export interface Downstream {
  readonly engine: Engine;
  /** `engine.now` at which the exchange is asked what took too long. */
  deadline: number;
  /** What the client sends is held back. */
  readonly paused: boolean;
  readonly destroyed: boolean;
  /** Header lines of every final answer, each with CRLF. */
  readonly everyLines: string;
  writer(target: ResponseTarget): ResponseWriter;
  /** @returns false when the client is slower than the app */
  write(data: string | Buffer): boolean;
  pause(): void;
  resume(): void;
  /** Hands what was held back to the exchange, as soon as it can take it; then the end, if it came before. */
  offer(): void;
  /**
   * Decides a request anew, by the table now in force: nothing of it counts anywhere any more. @param head as it came
   */
  decideAgain(head: string, before: Before): void;
  /** A page of ours instead of an answer of the app. */
  answer(page: Page, request: Answered): void;
  /** The exchange is over. @param keep whether the response said that the connection stays */
  exchangeOver(keep: boolean): void;
  /** Ends our side, and goes on reading for a while. */
  linger(): void;
  /** Ends a response that cannot be completed. @param reset when a plain end would make it look whole */
  breakOff(reset: boolean): void;
  destroy(): void;
}
