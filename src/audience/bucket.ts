import { hash } from 'node:crypto';

/** How many buckets there are: a percentage has three decimals. */
export const buckets = 100_000;

/**
 * The bucket of a person, 0…99 999: `uint32be(sha256(utf8(seed + ":" + key))[0..4]) mod 100000`. SHA-256 because every language
 * and HAProxy have it, and small numbers as keys spread evenly. 2^32 is no multiple of 100 000: the first 67 296 buckets
 * are likelier than the others by 1 in 42 949, far below what anyone could see.
 */
export const bucketOf = (seed: string, key: string): number => bucketIn(digestOf(seed, key));

/** @param digest as `digestOf` gives it */
export const bucketIn = (digest: string): number => wordIn(digest, 0) % buckets;

/** 32 bytes, one character for each: a string is the quickest of the outputs, no Buffer is made. */
export const digestOf = (seed: string, key: string): string => hash('sha256', `${seed}:${key}`, 'binary');

/** Four bytes of a digest, the highest first, as a number. The first word says the bucket; the others have nothing to do with it. */
export const wordIn = (digest: string, word: number): number =>
  ((digest.charCodeAt(4 * word) << 24) |
    (digest.charCodeAt(4 * word + 1) << 16) |
    (digest.charCodeAt(4 * word + 2) << 8) |
    digest.charCodeAt(4 * word + 3)) >>>
  0;

/** True when a bucket lies in the window that begins at `offset`; it goes on at 0 behind the last bucket. */
export function within(bucket: number, offset: number, width: number): boolean {
  return (bucket - offset + buckets) % buckets < width;
}
