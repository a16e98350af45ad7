import { grad } from 'ntkit/autodiff';
import { DataLoader, SyntheticDataset } from 'ntkit/data';
import { initialize, Linear, type Module, pytorchDefault, ReLU, Sequential } from 'ntkit/nn';
import { computeNtk, type Ntk, type TangentKernel, tangentKernel } from 'ntkit/ntk';
import { ntkTable } from 'ntkit/report';
import { cellAt, kendallTau } from 'ntkit/search';
import { constant, evaluate, Generator, type NDArray, sum, tanh, wasmBackend } from 'ntkit/tensor';
import * as root from 'ntkit';

// An application that uses the declarations of each entry for pages, in the strictest settings.

const generator = new Generator(0);
const network: Module = new Sequential(new Linear(5, 16), new ReLU(), new Linear(16, 3));
initialize(network, pytorchDefault, generator);
const x: NDArray = generator.normals([4, 5]);
const backend = wasmBackend({ threads: 1 });
const signal: AbortSignal = AbortSignal.timeout(10_000);
const ntk: Ntk = await computeNtk(network, x, {
  backend,
  signal,
  outputs: 'trace',
  parameters: /weight$/,
  mode: 'eval',
});
const pairs: TangentKernel = await tangentKernel(network, x, { x2: generator.normals([2, 5]), outputs: 'full' });
await backend.close();
const input = constant(x);
const [gradient] = await evaluate(grad(sum(tanh(input)), [input]));
const first: number | undefined = gradient?.data[0];
const dataset = new SyntheticDataset({ length: 4, shape: [3, 8, 8], seed: 0 });
const loader = new DataLoader(dataset, { batchSize: 2 });
const cell: readonly (readonly string[])[] = cellAt(0);
const tau: number = kendallTau([1, 2, 3], [1, 3, 2]);
const table: string = ntkTable([]);
export const used = [ntk.kappa, pairs.kernel.shape, first, loader, cell, tau, table, root.computeNtk === computeNtk];
