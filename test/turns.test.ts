import { describe, expect, test } from 'vitest';
import { atOnce, inTurns, nextTurn, turnIsDue } from '../src/turns.ts';

/** Keeps the thread busy. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

function* steps(count: number, milliseconds: number): Generator<void, string> {
  for (let i = 0; i < count; i++) {
    work(milliseconds);
    yield;
  }
  return 'done';
}

describe('a computation in turns', () => {
  test('lets timers run every few milliseconds', async () => {
    let timers = 0;
    const timer = setInterval(() => timers++, 1);
    expect(await inTurns(steps(20, 10))).toBe('done');
    clearInterval(timer);
    expect(timers).toBeGreaterThan(9);
  });

  test('does not yield before it is due', async () => {
    await nextTurn();
    let turns = 0;
    const immediate = () => void (turns++, (handle = setImmediate(immediate)));
    let handle = setImmediate(immediate);
    await inTurns(steps(100, 0));
    clearImmediate(handle);
    expect(turns).toBeLessThan(3);
    await nextTurn();
    expect(turnIsDue()).toBe(false);
    work(20);
    expect(turnIsDue()).toBe(true);
  });

  test('has the same result when run without turns', () => {
    expect(atOnce(steps(3, 0))).toBe('done');
  });

  test('ends with the reason of a signal, and passes errors on', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 5);
    const start = performance.now();
    await expect(inTurns(steps(1000, 10), controller.signal)).rejects.toThrow('enough');
    expect(performance.now() - start).toBeLessThan(5000);
    const failing = function* () {
      yield;
      throw new Error('broken');
    };
    await expect(inTurns(failing())).rejects.toThrow('broken');
  });
});
