import type { ExternalData } from './model.ts';
import { readGraph } from './graph.ts';
import { OnnxNetwork, type OnnxNetworkOptions } from './network.ts';
import { operators } from './operators/index.ts';

/** How a file is read. */
export interface ParseOptions extends OnnxNetworkOptions {
  /** Gives the content of a file beside the model that holds weights; there is none by default. */
  readonly externalData?: ExternalData;
}

/**
 * Reads an ONNX model as a network, with the weights that the file holds.
 *
 * @param source names the file in messages.
 * @throws InputError when it is no model, is damaged, or uses an operator that is not there.
 *
 * @example
 * const network = parseOnnx(onnx, 'model.onnx'); // in a page, new Uint8Array(await file.arrayBuffer())
 * const { kernel } = await tangentKernel(network, ndarray([1, 0, 0, 2], [2, 2]));
 * console.log([...kernel.data]); // [ 2, 1, 1, 5 ]
 */
export function parseOnnx(bytes: Uint8Array, source: string, options: ParseOptions = {}): OnnxNetwork {
  const { externalData = () => undefined, ...rest } = options;
  return new OnnxNetwork(readGraph(bytes, source, externalData, new Set(operators.keys())), rest);
}
