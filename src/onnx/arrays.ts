import { type TensorProto, TensorProto_DataLocation } from 'onnx-buf';
import { allocate, type DType, formatShape, InputError, sizeOf } from '../tensor/index.ts';
import { bfloatToNumber, halfToNumber } from '../narrowFloats.ts';
import type { ExternalData, Kind, OnnxArray } from './model.ts';

interface ElementType {
  readonly name: string;
  readonly kind: Kind;
  readonly dtype: DType;
  /** Bytes of one element in raw data. */
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number | bigint;
}

const element = (
  name: string,
  kind: Kind,
  bytes: number,
  read: ElementType['read'],
  dtype: DType = 'float64',
): ElementType => ({ name, kind, dtype, bytes, read });

/** ONNX's element types that hold numbers, by their code. */
const TYPES: Readonly<Record<number, ElementType>> = {
  1: element('float', 'float', 4, (v, at) => v.getFloat32(at, true), 'float32'),
  2: element('uint8', 'int', 1, (v, at) => v.getUint8(at)),
  3: element('int8', 'int', 1, (v, at) => v.getInt8(at)),
  4: element('uint16', 'int', 2, (v, at) => v.getUint16(at, true)),
  5: element('int16', 'int', 2, (v, at) => v.getInt16(at, true)),
  6: element('int32', 'int', 4, (v, at) => v.getInt32(at, true)),
  7: element('int64', 'int', 8, (v, at) => v.getBigInt64(at, true)),
  9: element('bool', 'bool', 1, (v, at) => (v.getUint8(at) === 0 ? 0 : 1)),
  10: element('float16', 'float', 2, (v, at) => halfToNumber(v.getUint16(at, true)), 'float32'),
  11: element('double', 'float', 8, (v, at) => v.getFloat64(at, true)),
  12: element('uint32', 'int', 4, (v, at) => v.getUint32(at, true)),
  13: element('uint64', 'int', 8, (v, at) => v.getBigUint64(at, true)),
  16: element('bfloat16', 'float', 2, (v, at) => bfloatToNumber(v.getUint16(at, true)), 'float32'),
};

/** The names of element types that hold no numbers that can be computed with. */
const OTHERS: Readonly<Record<number, string>> = { 0: 'undefined', 8: 'string', 14: 'complex64', 15: 'complex128' };

/**
 * The element type of a code.
 *
 * @throws InputError when it is none that can be computed with.
 */
export function elementType(code: number, where: string): ElementType {
  if (!Object.hasOwn(TYPES, code)) {
    const names = Object.values(TYPES).map(({ name }) => name);
    throw new InputError(
      `${where}: element type: expected ${names.join(', ')}, got ${OTHERS[code] ?? `number ${code}`}`,
    );
  }
  return TYPES[code];
}

/**
 * Reads an array.
 *
 * @throws InputError when its data do not fit its shape and type, or lie in a file that is not there.
 */
export function readArray(tensor: TensorProto, where: string, external: ExternalData): OnnxArray {
  const type = elementType(tensor.dataType, where);
  const shape = tensor.dims.map(Number);
  const size = sizeOf(shape);
  if (!shape.every((extent) => extent >= 0) || !Number.isSafeInteger(size)) {
    throw new InputError(`${where}: expected a shape, got ${formatShape(shape)}`);
  }
  const raw =
    tensor.dataLocation === TensorProto_DataLocation.EXTERNAL ? outside(tensor, where, external) : tensor.rawData;
  const listed = listOf(tensor, type);
  const given = raw.length > 0 ? raw.length / type.bytes : listed.length;
  if (given !== size) {
    throw new InputError(
      `${where}: expected ${size} numbers of ${type.name} for shape ${formatShape(shape)}, got ` +
        (raw.length > 0 ? `${raw.length} bytes` : `${listed.length}`),
    );
  }
  const data = allocate(type.dtype, size);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  for (let i = 0; i < size; i++) data[i] = Number(raw.length > 0 ? type.read(view, i * type.bytes) : listed[i]);
  return { shape, dtype: type.dtype, data, kind: type.kind };
}

/** The numbers of the list that belongs to a type. */
function listOf(tensor: TensorProto, { name }: ElementType): readonly (number | bigint)[] {
  switch (name) {
    case 'float':
      return tensor.floatData;
    case 'double':
      return tensor.doubleData;
    case 'int64':
      return tensor.int64Data;
    case 'uint32':
    case 'uint64':
      return tensor.uint64Data;
    case 'float16':
      return tensor.int32Data.map(halfToNumber);
    case 'bfloat16':
      return tensor.int32Data.map(bfloatToNumber);
    default:
      return tensor.int32Data;
  }
}

/** The bytes of an array that is kept beside the model. */
function outside(tensor: TensorProto, where: string, external: ExternalData): Uint8Array {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location');
  if (location === undefined) throw new InputError(`${where}: external data: expected a location, got none`);
  const file = external(location);
  if (file === undefined) {
    throw new InputError(
      `${where}: external data: expected the file ${JSON.stringify(location)} beside the model, got none`,
    );
  }
  const number = (key: string, otherwise: number) => Number(entries.get(key) ?? otherwise);
  const offset = number('offset', 0);
  const length = number('length', file.length - offset);
  const whole = [offset, length].every((value) => Number.isInteger(value) && value >= 0);
  if (!whole || offset + length > file.length) {
    throw new InputError(
      `${where}: external data: expected ${length} bytes at ${offset} of ${JSON.stringify(location)}, got a file of ${file.length}`,
    );
  }
  return file.subarray(offset, offset + length);
}
