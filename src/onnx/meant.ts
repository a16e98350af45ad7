/** The largest integer whose root or reciprocal is looked for. */
const LARGEST = 2 ** 16;

/** Decimals that someone has written have few digits; a float32 holds seven. */
const DIGITS = 6;

/**
 * The number that was meant by one that a file holds in float32: the slope 0.01 of a ReLU, the ε of 1e-5, the √2 of a GELU,
 * the 1/√d of attention. In float64 the file's own number is off by up to 6e-8 of itself, which an exact network shows; in
 * float32 nothing changes, for what is given back rounds to the file's number.
 *
 * It is a decimal of up to six digits, or a whole number's reciprocal, root or root's reciprocal, if the file's number is
 * the float32 nearest to one; the file's number otherwise.
 */
export function meant(value: number): number {
  if (!Number.isFinite(value) || Number.isInteger(value) || Math.fround(value) !== value) return value;
  const decimal = Number(value.toPrecision(DIGITS));
  if (Math.fround(decimal) === value) return decimal;
  const size = Math.abs(value);
  const candidates = [
    1 / Math.round(1 / size),
    Math.sqrt(Math.round(size * size)),
    1 / Math.sqrt(Math.round(1 / (size * size))),
  ];
  const whole = [1 / size, size * size, 1 / (size * size)].map(Math.round);
  const found = candidates.find((exact, i) => whole[i] <= LARGEST && Math.fround(exact) === size);
  return found === undefined ? value : Math.sign(value) * found;
}
