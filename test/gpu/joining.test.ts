import fc from 'fast-check';
import { expect, test } from 'vitest';
import { vjp } from '../../src/autodiff/index.ts';
import { Trace } from '../../src/nn/index.ts';
import { dialects } from '../../src/tensor/backends/gpu/dialect.ts';
import { joinTasks, type Task } from '../../src/tensor/backends/gpu/joining.ts';
import { MOST_TURNS } from '../../src/tensor/backends/gpu/kernelText.ts';
import { lowerPlan } from '../../src/tensor/backends/gpu/program.ts';
import { input, planEvaluation } from '../../src/tensor/index.ts';
import { golden } from '../support/golden.ts';
import { runs } from '../support/runs.ts';

/** Kernels that read any of the arrays before them, and steps on the host among them. */
const programs = fc
  .array(
    fc.record({
      reads: fc.array(fc.nat(1000), { maxLength: 5 }),
      planes: fc.integer({ min: 1, max: 4 }),
      texels: fc.constantFrom(8, 8, 16),
      turns: fc.constantFrom(0, 100, MOST_TURNS / 3),
      text: fc.constantFrom('p', 'q'),
      isHost: fc.constantFrom(false, false, false, true),
    }),
    { maxLength: 40 },
  )
  .map((drafts) => {
    let arrays = 3; // given
    return drafts.map(({ reads, planes, texels, turns, text, isHost }): Task => {
      const ids = [...new Set(reads.map((read) => read % arrays))];
      const writes = Array.from({ length: planes }, () => arrays++);
      if (isHost) return { reads: ids, writes };
      const body = ids.map((_, i) => `const v${i} = ${text} + a${i};`).join('\n');
      const lanes = writes.map((_, i) => [`v${i}`, `a${i}`, '0.0', 't'] as const);
      const kernel = { body, planes: lanes, operandTexels: ids.map(() => 8), texels, turns };
      return { reads: ids, writes, call: { kernel, reads: ids, writes } };
    });
  });

const dialect = dialects.headlessgl;

test('joined kernels write every array once, after its operands, within the limits of a device', () => {
  fc.assert(
    fc.property(programs, (tasks) => {
      const joined = joinTasks(tasks, dialect);
      expect(joined.flatMap(({ writes }) => writes).sort((a, b) => a - b)).toEqual(
        tasks.flatMap(({ writes }) => writes),
      );
      const there = new Set([0, 1, 2]);
      for (const { reads, writes, call } of joined) {
        for (const id of reads) expect(there).toContain(id);
        for (const id of writes) there.add(id);
        if (!call) continue;
        const { kernel } = call;
        expect([call.reads, call.writes]).toEqual([reads, writes]);
        expect([kernel.planes.length, kernel.operandTexels.length]).toEqual([writes.length, reads.length]);
        expect(kernel.planes.length).toBeLessThanOrEqual(dialect.mostPlanes);
        expect(reads.length).toBeLessThanOrEqual(dialect.mostOperands);
        expect(kernel.turns).toBeLessThanOrEqual(MOST_TURNS);
        // Each array has the same operands and the same number of texels as before.
        writes.forEach((id, i) => {
          const own = tasks.find((task) => task.writes.includes(id))!;
          const before = own.call!.kernel;
          expect(kernel.texels).toBe(before.texels);
          const [value, operand] = kernel.planes[i];
          const at = own.writes.indexOf(id);
          if (at < own.reads.length) {
            expect(reads[Number(operand.slice(1))]).toBe(own.reads[at]);
            expect(kernel.body).toContain(`const ${value} = ${before.body[11]} + ${operand};`);
          }
        });
      }
    }),
    { numRuns: runs(400) },
  );
});

test('independent kernels are joined', () => {
  const call = (read: number, write: number): Task => {
    const lanes = ['v0', 'v0', 'v0', 'v0'] as const;
    const kernel = { body: 'const v0 = a0[t];', planes: [lanes], operandTexels: [8], texels: 8, turns: 5 };
    return { reads: [read], writes: [write], call: { kernel, reads: [read], writes: [write] } };
  };
  const [first, second, ...rest] = joinTasks([call(0, 1), call(1, 2), call(0, 3), call(3, 4)], dialect);
  expect(rest).toEqual([]);
  expect(first).toMatchObject({ reads: [0], writes: [1, 3], call: { kernel: { turns: 10 } } });
  expect(second.call!.kernel.body).toBe('const v0_0 = a0[t];\n  const v1_0 = a1[t];');
});

test('a backward pass of the NAS-Bench-201 supernet has at most 239 kernels instead of 479', () => {
  const { network } = golden('nb201-supernet-00-train');
  const trace = new Trace(network, [16, 3, 32, 32], { mode: 'train', dtype: 'float32' });
  const cotangent = input('cotangent', [16, ...trace.y.shape], 'float32');
  const gradients = vjp([trace.y], [...trace.parameters(network).values()], [cotangent]);
  const { plan } = planEvaluation(gradients, [cotangent]);
  const { varying } = lowerPlan(plan, dialect);
  expect(varying.length).toBeGreaterThan(100);
  expect(varying.length).toBeLessThanOrEqual(239);
});
