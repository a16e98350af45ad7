import { fromBinary } from '@bufbuild/protobuf';
import { type GraphProto, ModelProtoSchema } from 'onnx-buf';
import { InputError } from '../tensor/index.ts';
import { OPSETS } from './model.ts';
import { fileKind } from '../fileKind.ts';

/** The graph of a model file, and the version of the operator set that it is written in. */
export interface ModelFile {
  readonly graph: GraphProto;
  readonly opset: number;
}

/**
 * Decodes a model file.
 *
 * @param source names the file in messages.
 * @throws InputError when the bytes are no ONNX model, or one of an operator set that is not read.
 */
export function decodeModel(bytes: Uint8Array, source: string): ModelFile {
  const kind = fileKind(bytes);
  if (kind !== undefined && kind !== 'an ONNX model') {
    throw new InputError(`${source}: not an ONNX model: looks like ${kind}`);
  }
  let model;
  try {
    model = fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`${source}: not an ONNX model, or one that is damaged or cut off: ${reason}`);
  }
  const { graph, opsetImport, functions } = model;
  if (graph === undefined || graph.output.length === 0) {
    throw new InputError(`${source}: not an ONNX model: expected a graph with outputs, got none`);
  }
  if (functions.length > 0) {
    throw new InputError(
      `${source}: expected a model without functions of its own, got ${functions[0].name}; inline them first`,
    );
  }
  const version = opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version;
  const opset = Number(version ?? 1n);
  if (opset < OPSETS.least || opset > OPSETS.most) {
    throw new InputError(
      `${source}: opset: expected a version from ${OPSETS.least} to ${OPSETS.most}, got ${version ?? 'none'}`,
    );
  }
  return { graph, opset };
}
