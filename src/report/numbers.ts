/**
 * The arithmetic mean.
 *
 * @example
 * console.log(mean([1, 2, 6])); // 3
 */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The sample standard deviation (divided by n − 1); 0 for a single value.
 *
 * @example
 * console.log(standardDeviation([1, 3]), standardDeviation([5])); // 1.4142135623730951 0
 */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}

/**
 * Four significant digits, with an exponent where the number is long.
 *
 * @example
 * console.log(format(Math.PI), format(1e6), format(123456789)); // 3.142 1.000e+6 1.235e+8
 */
export function format(value: number): string {
  if (!Number.isFinite(value)) return String(value).replace('Infinity', '∞');
  const short = value.toPrecision(4);
  return short.includes('e') || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(3) : short;
}

/** Two ends, with as many digits as tell them apart, and at least three. */
export function formatInterval([low, high]: readonly [lowest: number, highest: number]): string {
  const digits = [4, 5, 6, 7, 8].find((count) => low.toPrecision(count) !== high.toPrecision(count)) ?? 8;
  const end = (value: number) => {
    const short = value.toPrecision(digits);
    return Number.isFinite(value) && !short.includes('e') ? short : format(value);
  };
  return `${end(low)} – ${end(high)}`;
}

/**
 * A whole number with its thousands apart.
 *
 * @example
 * console.log(formatCount(15625)); // 15,625
 */
export function formatCount(value: number): string {
  return value.toLocaleString('en');
}

/** A mean, and the spread about it where there is one. */
export function formatMean(values: readonly number[]): string {
  return values.length > 1 ? `${format(mean(values))} ± ${format(standardDeviation(values))}` : format(values[0]);
}

/** A correlation with its sign and three decimals. */
export function formatCorrelation(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value.toFixed(3).replace('-', '−');
}
