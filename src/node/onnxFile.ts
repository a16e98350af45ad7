import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { InputError } from '../errors.ts';
import { type OnnxNetwork, type OnnxNetworkOptions, parseOnnx } from '../onnx/index.ts';
import { readBytes } from './readFile.ts';

/**
 * Reads an ONNX model with the weights that it keeps in files of its folder.
 *
 * @throws InputError when the file cannot be read or is no model, or a file of weights is not there or lies outside the
 * model's folder.
 *
 * @example
 * await writeAtomically(`${folder}/model.onnx`, onnx); // torch.onnx.export writes such a file
 * const model = await loadOnnx(`${folder}/model.onnx`);
 * console.log([...model.namedParameters().keys()]); // [ 'fc.weight', 'fc.bias' ]
 */
export async function loadOnnx(path: string, options: OnnxNetworkOptions = {}): Promise<OnnxNetwork> {
  const { bytes } = await readBytes('onnx', path);
  const folder = dirname(path);
  const files = new Map<string, Uint8Array | undefined>();
  const externalData = (location: string): Uint8Array | undefined => {
    if (!files.has(location)) files.set(location, readBeside(path, folder, location));
    return files.get(location);
  };
  return parseOnnx(bytes, path, { ...options, externalData });
}

/** A file of a folder; undefined when it is not there. */
function readBeside(model: string, folder: string, location: string): Uint8Array | undefined {
  let real: string;
  try {
    real = realpathSync(join(folder, location));
  } catch {
    return undefined;
  }
  // Links are followed: neither a path nor a link leads out of the folder.
  if (!real.startsWith(realpathSync(folder || '.') + sep)) {
    throw new InputError(
      `${model}: external data: expected a file of the model's folder, got ${JSON.stringify(location)}`,
    );
  }
  try {
    const { buffer, byteOffset, byteLength } = readFileSync(real);
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new InputError(`${model}: external data: ${JSON.stringify(location)} cannot be read (${code})`);
  }
}
