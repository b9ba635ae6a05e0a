import type { Place } from '../../audience/request.ts';
import { continentOfCountry, continents, type Continent } from '../../config/countries.ts';

/**
 * A record of a database of places. Two layouts are common: MaxMind's (`country.iso_code`, `continent.code`, `subdivisions[].iso_code`),
 * which DB-IP follows, and flat ones (`country_code`, `continent_code`). Null when it names no place.
 */
export function placeOf(record: unknown): Place | null {
  const map = mapOf(record);
  if (map === null) return null;
  const country = code(mapOf(map['country'])?.['iso_code'] ?? map['country_code'] ?? map['country'], 2);
  const said = code(mapOf(map['continent'])?.['code'] ?? map['continent_code'], 2);
  const continent: Continent | null =
    continents.find((one) => one === said) ?? (country === null ? null : continentOfCountry(country));
  if (country === null && continent === null) return null;
  return { country, continent, regions: country === null ? [] : regionsOf(country, map['subdivisions']) };
}

function regionsOf(country: string, subdivisions: unknown): readonly string[] {
  if (!Array.isArray(subdivisions)) return [];
  return (subdivisions as readonly unknown[])
    .map((subdivision) => code(mapOf(subdivision)?.['iso_code'], 3))
    .filter((region) => region !== null)
    .map((region) => `${country}-${region}`);
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
}

function code(value: unknown, longest: number): string | null {
  if (typeof value !== 'string' || value === '' || value.length > longest) return null;
  return value.toUpperCase();
}
