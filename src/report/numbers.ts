/** Numbers for people. One blank stands between number and unit; nothing known is a dash. */

const UNITS = ['', 'k', 'M', 'G', 'T', 'P'];

/** 25600000 -> '25.6 M', 431 -> '431'. */
export function count(value: number): string {
  const [scaled, unit] = scale(value);
  return unit === '' ? String(Math.round(value)) : `${scaled} ${unit}`;
}

/** 4.1e9 -> '4.1 GMACs'. */
export function macs(value: number): string {
  const [scaled, unit] = scale(value);
  return `${unit === '' ? Math.round(value) : scaled} ${unit}MACs`;
}

/** 97800000 -> '97.8 MB' (a megabyte is 10^6 bytes). */
export function bytes(value: number): string {
  const [scaled, unit] = scale(value);
  return `${unit === '' ? Math.round(value) : scaled} ${unit}B`;
}

/** 0.498 -> '49.8 %'. */
export const percent = (share: number | null): string =>
  share === null || !Number.isFinite(share) ? '-' : `${(share * 100).toFixed(1)} %`;

/** `part` of `whole`, as a percentage. */
export const share = (part: number, whole: number): string => percent(whole === 0 ? null : part / whole);

/** 1.234 -> '1.23 ms', 0.0456 -> '0.046 ms'. */
export const milliseconds = (value: number): string => `${significant(value, value < 1 ? 2 : 3)} ms`;

/** A number of no unit, to a few digits: 0.99998, 1.2e-7. */
export function decimal(value: number | null, digits = 3): string {
  if (value === null || !Number.isFinite(value)) return '-';
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size < 1e-4 || size >= 1e6 ? value.toExponential(digits - 1) : significant(value, digits);
}

/** Cosines are told apart by how far they are from 1: 0.9999987. */
export function cosine(value: number | null): string {
  if (value === null) return '-';
  const away = 1 - Math.abs(value);
  const digits = away <= 0 ? 4 : Math.min(10, Math.max(4, 1 - Math.floor(Math.log10(away))));
  return value.toFixed(digits);
}

function scale(value: number): [string, string] {
  let unit = 0;
  let scaled = value;
  // 999.95 and more would be printed as 1000.0.
  while (scaled >= (unit === 0 ? 1000 : 999.95) && unit < UNITS.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return [scaled.toFixed(1), UNITS[unit]!];
}

function significant(value: number, digits: number): string {
  const whole = Math.floor(Math.log10(Math.abs(value))) + 1;
  return value.toFixed(Math.max(0, digits - whole));
}
