/**
 * The t with P(|T| ≤ t) = p for Student's distribution of a whole number of degrees of freedom. With tan θ = t/√ν the
 * probability is a finite sum of powers of cos θ (Abramowitz & Stegun, 26.7.3 and 26.7.4); θ is found by bisection.
 *
 * @param p from 0 to below 1
 * @param degrees ν ≥ 1
 */
export function studentQuantile(p: number, degrees: number): number {
  let [low, high] = [0, Math.PI / 2];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (probabilityWithin(middle, degrees) < p) low = middle;
    else high = middle;
  }
  return Math.sqrt(degrees) * Math.tan((low + high) / 2);
}

/** P(|T| ≤ √ν·tan θ) */
function probabilityWithin(theta: number, degrees: number): number {
  const [sine, cosine] = [Math.sin(theta), Math.cos(theta)];
  const isOdd = degrees % 2 === 1;
  // 1 + (1/2)·cos² + (1·3)/(2·4)·cos⁴ + …, or cos + (2/3)·cos³ + (2·4)/(3·5)·cos⁵ + …
  let [term, sum] = isOdd ? [cosine, degrees > 1 ? cosine : 0] : [1, 1];
  for (let k = isOdd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= ((k - 1) / k) * cosine * cosine;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (theta + sine * sum) : sine * sum;
}
