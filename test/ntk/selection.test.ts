import { describe, expect, test } from 'vitest';
import { Linear, MultiheadAttention, initialize, pytorchDefault, type Module } from '../../src/nn/index.ts';
import { JacobianProgram, type ParameterChoice } from '../../src/ntk/index.ts';
import { Generator, InputError } from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';

describe('a choice of parameters', () => {
  const built = (network: Module) => {
    initialize(network, pytorchDefault, new Generator(1));
    return network;
  };
  const attention = built(new MultiheadAttention(4, 2, { batchFirst: true }));
  const linear = built(new Linear(3, 2));
  const chosen = async (network: Module, shape: readonly number[], parameters: ParameterChoice) => {
    const program = await JacobianProgram.compile(network, shape, { parameters, dtype: 'float64' });
    const rows = await program.run(draw(1, shape));
    program.dispose();
    return rows.parameters.map(({ name }) => name);
  };

  test('by weight takes every name that contains it: without a dot, and within a longer one', async () => {
    expect(await chosen(linear, [2, 3], 'weight')).toEqual(['weight']);
    expect(await chosen(attention, [2, 3, 4], 'weight')).toEqual(['in_proj_weight', 'out_proj.weight']);
    expect(await chosen(attention, [2, 3, 4], 'all')).toEqual([
      'in_proj_weight',
      'in_proj_bias',
      'out_proj.weight',
      'out_proj.bias',
    ]);
  });

  test('by a regular expression does not depend on its flags or its lastIndex', async () => {
    for (const flags of ['', 'g', 'gi', 'u', 'gu']) {
      const expression = new RegExp('proj', flags);
      expression.lastIndex = 7;
      expect(await chosen(attention, [2, 3, 4], expression), flags).toHaveLength(4);
      expect(expression.lastIndex).toBe(7);
    }
    // Elsewhere a sticky expression matches only at the beginning; here anywhere, as without the flag.
    expect(await chosen(attention, [2, 3, 4], /bias/y)).toEqual(['in_proj_bias', 'out_proj.bias']);
    expect(await chosen(attention, [2, 3, 4], /BIAS/i)).toEqual(['in_proj_bias', 'out_proj.bias']);
  });

  test('by a function takes the names that it accepts; none is refused', async () => {
    expect(await chosen(attention, [2, 3, 4], (name) => name.length === 15 && name.endsWith('t'))).toEqual([
      'out_proj.weight',
    ]);
    await expect(chosen(attention, [2, 3, 4], /nothing/)).rejects.toThrow(InputError);
  });
});
