import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProto_AttributeType as Type,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProtoSchema,
  type TensorProto,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import type { NDArray } from '../../src/tensor/index.ts';

/** ONNX's codes of the element types that tests write. */
export const FLOAT = 1;
export const INT64 = 7;
export const DOUBLE = 11;

/** An attribute: an integer is INT, any other number FLOAT; `{ float }` is a FLOAT that happens to be whole. */
export type Attribute =
  | number
  | { readonly float: number }
  | string
  | readonly number[]
  | { readonly floats: readonly number[] }
  | TensorProto;

/** A step of a model. */
export interface Step {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
}

/** What a model is written from. */
export interface ModelParts {
  readonly opset?: number;
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly initializers?: Readonly<Record<string, TensorProto>>;
  readonly steps: readonly Step[];
  readonly outputs: readonly string[];
  /** The element type of the inputs. */
  readonly inputType?: number;
}

function bytesOf(data: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength).slice();
}

/** An array of floating-point numbers, in its own precision. */
export function floats({ shape, dtype, data }: NDArray): TensorProto {
  const dims = shape.map(BigInt);
  return create(TensorProtoSchema, { dims, dataType: dtype === 'float32' ? FLOAT : DOUBLE, rawData: bytesOf(data) });
}

/** A list of integers, or one without dimensions. */
export function int64s(values: readonly number[] | number): TensorProto {
  const list = typeof values === 'number' ? [values] : values;
  const dims = typeof values === 'number' ? [] : [BigInt(list.length)];
  return create(TensorProtoSchema, { dims, dataType: INT64, rawData: bytesOf(BigInt64Array.from(list.map(BigInt))) });
}

function attribute(name: string, value: Attribute): AttributeProto {
  const of = (fields: object) => create(AttributeProtoSchema, { name, ...fields });
  if (typeof value === 'number') {
    return Number.isInteger(value) ? of({ type: Type.INT, i: BigInt(value) }) : of({ type: Type.FLOAT, f: value });
  }
  if (typeof value === 'string') return of({ type: Type.STRING, s: new TextEncoder().encode(value) });
  if (Array.isArray(value)) return of({ type: Type.INTS, ints: (value as readonly number[]).map(BigInt) });
  if ('float' in value) return of({ type: Type.FLOAT, f: value.float });
  if ('floats' in value) return of({ type: Type.FLOATS, floats: [...value.floats] });
  return of({ type: Type.TENSOR, t: value });
}

function declared(name: string, shape: readonly (number | string)[] | undefined, elemType: number) {
  const dim = shape?.map((extent) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof extent === 'number' ? { case: 'dimValue', value: BigInt(extent) } : { case: 'dimParam', value: extent },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType,
    ...(dim && { shape: create(TensorShapeProtoSchema, { dim }) }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  });
}

/** The bytes of a model. */
export function modelBytes({
  opset = 17,
  inputs,
  initializers = {},
  steps,
  outputs,
  inputType = FLOAT,
}: ModelParts): Uint8Array {
  const node = steps.map(({ operator, attributes = {}, domain = '', ...rest }) =>
    create(NodeProtoSchema, {
      opType: operator,
      domain,
      input: [...rest.inputs],
      output: [...rest.outputs],
      attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    }),
  );
  const graph = create(GraphProtoSchema, {
    name: 'graph',
    node,
    initializer: Object.entries(initializers).map(([name, tensor]) => ({ ...tensor, name })),
    input: Object.entries(inputs).map(([name, shape]) => declared(name, shape, inputType)),
    output: outputs.map((name) => declared(name, undefined, FLOAT)),
  });
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      producerName: 'ntkit tests',
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) })],
      graph,
    }),
  );
}
