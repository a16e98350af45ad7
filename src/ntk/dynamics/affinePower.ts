/** The affine map of the plane z ↦ A·z + b, with A = [[a, c], [d, e]]. */
export interface Affine {
  readonly matrix: readonly [number, number, number, number];
  readonly shift: readonly [number, number];
}

const IDENTITY: Affine = { matrix: [1, 0, 0, 1], shift: [0, 0] };

/** `outer` after `inner`. */
function compose({ matrix: [a, b, c, d], shift: [s, t] }: Affine, { matrix: [e, f, g, h], shift: [u, v] }: Affine) {
  return {
    matrix: [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h],
    shift: [a * u + b * v + s, c * u + d * v + t],
  } as const;
}

/** An affine map applied n times, by squaring: about 2·log₂ n compositions. */
export function affinePower(map: Affine, n: number): Affine {
  let result = IDENTITY;
  for (let square = map, rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = compose(result, square);
    square = compose(square, square);
  }
  return result;
}

/** The largest magnitude of the eigenvalues of A. */
export function spectralRadius([a, b, c, d]: Affine['matrix']): number {
  const half = (a + d) / 2;
  const determinant = a * d - b * c;
  const discriminant = ((a - d) / 2) ** 2 + b * c;
  if (discriminant < 0) return Math.sqrt(determinant);
  return Math.abs(half) + Math.sqrt(discriminant);
}
