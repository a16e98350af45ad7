import { readFileSync } from 'node:fs';
import { loadStateDict, type Module, parseSafetensors } from '../../src/nn/index.ts';
import type { NDArray } from '../../src/tensor/index.ts';
import { torchModules } from './torchModules.ts';

/** The results of test/torch/modules.py for the modules of `torchModules`, in float64. */
export const { tensors: torchTensors } = parseSafetensors(
  readFileSync(new URL('../torch/modules.safetensors', import.meta.url)),
);

/** A module with the values that PyTorch computed with, and its batch. */
export function loadTorchModule(name: string): { module: Module; x: NDArray } {
  const module = torchModules[name]();
  const prefix = `${name}/state/`;
  const state = [...torchTensors].flatMap(([key, value]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
  );
  loadStateDict(module, new Map(state), name);
  return { module, x: torchTensors.get(`${name}/input`)! };
}
