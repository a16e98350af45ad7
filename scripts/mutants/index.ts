import { autodiffMutants } from './autodiff.ts';
import { certificateMutants } from './certificate.ts';
import { dataMutants } from './data.ts';
import { gpuMutants } from './gpu.ts';
import type { Mutant } from './mutant.ts';
import { nnMutants } from './nn.ts';
import { ntkMutants } from './ntk.ts';
import { referenceMutants } from './reference.ts';
import { searchMutants } from './search.ts';
import { wasmMutants } from './wasm.ts';

/** All faults, from the tensors up. */
export const mutants: readonly Mutant[] = [
  ...referenceMutants,
  ...wasmMutants,
  ...gpuMutants,
  ...autodiffMutants,
  ...nnMutants,
  ...dataMutants,
  ...ntkMutants,
  ...certificateMutants,
  ...searchMutants,
];
