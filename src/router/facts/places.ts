import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Reader } from 'mmdb-lib';
import type { Place } from '../../audience/request.ts';
import { Memory } from '../../audience/memory.ts';
import { placeOf } from './place.ts';

/** Where addresses are, by a MaxMind DB file that is read anew when it changes. */
export interface Places {
  /** @param address as `plainAddress` spells it; null when it, or the database, is not known */
  lookUp(address: string): Place | null;
  /** Null while there is no database. */
  about(): AboutPlaces | null;
  close(): void;
}

/** What a person has to know of the database; `attribution` has to be shown where its licence asks for that. */
interface AboutPlaces {
  readonly file: string;
  readonly type: string;
  readonly builtAt: Date;
  readonly attribution: string;
  /** It can tell regions, by what it is called. */
  readonly regions: boolean;
}

export interface PlacesOptions {
  /** The user's own; null: the optional package, when it is installed. */
  readonly file: string | null;
  /** How often to look whether it has changed, in milliseconds. */
  readonly everyMs?: number;
  /** The optional package's file, or null: overridden by tests. */
  readonly packaged?: () => string | null;
  onWarning(message: string): void;
}

/** Addresses in each of two generations: clients come back, and a lookup costs several times a look into a map. */
const mostRemembered = 8192;
/** Databases change once a day at most. */
const lookAgainMs = 60_000;

/** Nobody is anywhere: for apps that ask for no place. */
const noPlaces: Places = { lookUp: () => null, about: () => null, close: () => undefined };

/**
 * Opens the database. One that is missing or broken places nobody, and is waited for; one that breaks later stays as it was: traffic
 * goes on either way, and a warning says so once.
 */
export async function openPlaces(options: PlacesOptions): Promise<Places> {
  const file = options.file ?? (options.packaged ?? packagedFile)();
  if (file === null) {
    options.onWarning('places are asked for, but router.geo-database names no file: they match nobody');
    return noPlaces;
  }
  const remembered = new Memory<Place | null>(mostRemembered);
  let reader: Reader<never> | null = null;
  let mark = '';
  let warned = '';
  const look = async (): Promise<void> => {
    try {
      const found = await stat(file);
      const now = `${found.ino}:${found.size}:${found.mtimeMs}`;
      if (now === mark) return;
      reader = open(await readFile(file));
      remembered.clear();
      mark = now;
      warned = '';
    } catch (error) {
      const message = `${file} cannot be used as a database of places: ${error instanceof Error ? error.message : 'unknown'}`;
      if (message !== warned) options.onWarning(message);
      warned = message;
    }
  };
  await look();
  let looking: Promise<void> | null = null;
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = null;
    });
  }, options.everyMs ?? lookAgainMs);
  timer.unref();
  return {
    lookUp(address) {
      if (reader === null || address === '') return null;
      const known = remembered.get(address);
      if (known !== undefined) return known;
      const place = find(reader, address);
      remembered.set(address, place);
      return place;
    },
    about: () => (reader === null ? null : about(reader, file)),
    close: () => clearInterval(timer),
  };
}

/** @throws when it is no such file; asked once, so that one cut short shows now and not at a request */
function open(bytes: Buffer): Reader<never> {
  // Thousands of networks share a record: each is decoded once.
  const reader = new Reader<never>(bytes, { cache: new Memory<unknown, string | number>(mostRemembered) });
  reader.get('192.0.2.1');
  return reader;
}

function find(reader: Reader<never>, address: string): Place | null {
  // A database of IPv4 alone has no answer for IPv6.
  if (reader.metadata.ipVersion === 4 && address.includes(':')) return null;
  try {
    return placeOf(reader.get(address));
  } catch {
    return null;
  }
}

function about(reader: Reader<never>, file: string): AboutPlaces {
  const { databaseType, buildEpoch, description } = reader.metadata;
  const described: unknown = (description as unknown as Readonly<Record<string, unknown>>)['en'];
  const known = attributions.find(([pattern]) => pattern.test(`${databaseType} ${file}`));
  return {
    file,
    type: databaseType,
    builtAt: buildEpoch,
    attribution: known?.[1] ?? (typeof described === 'string' ? described : ''),
    regions: /city|region|enterprise|location|subdivision/i.test(databaseType),
  };
}

/** What the licences of common databases ask to be said. */
const attributions: readonly (readonly [RegExp, string])[] = [
  [
    /geolite/i,
    'This product includes GeoLite Data created by MaxMind, available from https://www.maxmind.com.',
  ],
  [/dbip|db-ip/i, 'IP Geolocation by DB-IP, https://db-ip.com (CC BY 4.0).'],
  [/iplocate/i, 'IP address data by IPLocate.io (CC BY-SA 4.0).'],
  [/ipinfo/i, 'IP address data powered by IPinfo, https://ipinfo.io (CC BY-SA 4.0).'],
  [
    /geo-whois-asn-country/i,
    'geo-whois-asn-country of ip-location-db (CC0 1.0), from data of the NRO. Its npm package gets no more updates, and its publisher names errors in it.',
  ],
];

const packaged = '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb';

function packagedFile(): string | null {
  try {
    return createRequire(import.meta.url).resolve(packaged);
  } catch {
    return null;
  }
}
