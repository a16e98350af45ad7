import { EXTENT, MOST_SAMPLES, type Problem, rounded, type Sample } from './problem.ts';

// Samples as links write them: coordinates and target with commas between, `-1.6,0.37|0,0.5`.

const NUMBER = '-?\\d{1,2}(\\.\\d{1,4})?';
const LIST = new RegExp(`^(${NUMBER},){1,2}${NUMBER}(\\|(${NUMBER},){1,2}${NUMBER})*$`);

/** What links may say, for messages. */
export const EXPECTED_SAMPLES = `nothing, or up to ${MOST_SAMPLES} samples x,y|x,y or x,x,y|x,x,y from -${EXTENT} to ${EXTENT}`;

/** Whether a text is empty or a list of samples within the extent, all with the same number of coordinates. */
export function isSamples(text: string): boolean {
  if (text === '') return true;
  if (!LIST.test(text)) return false;
  const rows = text.split('|').map((row) => row.split(',').map(Number));
  return (
    rows.length <= MOST_SAMPLES &&
    rows.every((row) => row.length === rows[0].length && row.every((value) => Math.abs(value) <= EXTENT))
  );
}

/** The samples of a link if they have as many coordinates as the problem, else the problem's own. */
export function samplesOf(problem: Problem, text: string): readonly Sample[] {
  if (text === '' || text.split('|')[0].split(',').length !== problem.inputs + 1) return problem.samples;
  return text.split('|').map((row) => {
    const numbers = row.split(',').map(Number);
    return { x: numbers.slice(0, -1), y: numbers[problem.inputs] };
  });
}

/** Samples as the text of a link. */
export function formatSamples(samples: readonly Sample[]): string {
  return samples.map(({ x, y }) => [...x, y].map(rounded).join(',')).join('|');
}

/** Samples with one more, which replaces one at the same position. */
export function withSample(samples: readonly Sample[], added: Sample): readonly Sample[] {
  const sample = { x: added.x.map(within), y: within(added.y) };
  const others = samples.filter(({ x }) => String(x) !== String(sample.x));
  return others.length < MOST_SAMPLES ? [...others, sample] : samples;
}

/** Samples without one; the last one cannot be removed. */
export function withoutSample(samples: readonly Sample[], at: number): readonly Sample[] {
  return samples.length > 1 ? samples.filter((_, i) => i !== at) : samples;
}

function within(value: number): number {
  return rounded(Math.min(EXTENT, Math.max(-EXTENT, value)));
}
