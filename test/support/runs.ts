/**
 * How many random cases a property is checked on: all of them in CI (which sets the environment variable CI), a quarter
 * by default, so that the tests of a change take minutes.
 */
export function runs(all: number): number {
  return process.env['CI'] ? all : Math.ceil(all / 4);
}
