import { formatValue } from '../check.ts';
import { InputError } from '../errors.ts';
import { type Shape, sizeOf } from '../tensor/index.ts';
import { likeness } from './likeness.ts';
import type { NamedBytes } from './namedBytes.ts';
import { type ElementType, elementType, otherType } from './npyTypes.ts';
import { parsePythonLiteral, type PythonLiteral } from './pythonLiteral.ts';

/** What an NPY file says of its array before the elements begin. */
export interface NpyHeader {
  readonly type: ElementType;
  readonly littleEndian: boolean;
  /** Whether the first index runs fastest. */
  readonly fortranOrder: boolean;
  readonly shape: Shape;
  /** How many bytes lie before the elements. */
  readonly dataStart: number;
  /** The length of the whole file. */
  readonly fileLength: number;
  /** The element type in the header's own words. */
  readonly descr: string;
}

/** How an NPY file begins: \x93NUMPY. */
export const NPY_MAGIC: readonly number[] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy reads no longer header either, unless it is asked to trust the file: real ones have about a hundred bytes. */
const LONGEST_HEADER = 10_000;
/** The most bytes before the elements. */
const LONGEST_START = 12 + LONGEST_HEADER;

const KEYS = ['descr', 'fortran_order', 'shape'];

/**
 * Reads the header of an NPY file of version 1, 2 or 3.
 *
 * @throws InputError when the file is none, or its header is cut off, too long, or says what is not read.
 */
export function parseNpyHeader({ name, bytes }: NamedBytes): NpyHeader {
  const fail = (problem: string): never => {
    throw new InputError(`npy ${name}: ${problem}`);
  };
  if (bytes.length < 10 || NPY_MAGIC.some((byte, i) => bytes[i] !== byte)) {
    fail(
      `not an NPY file, expected it to begin with \\x93NUMPY and a version, got ${bytes.length} bytes that do not` +
        (bytes.length < 10 ? '' : likeness(bytes)),
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6];
  if (version < 1 || version > 3) fail(`unknown version, expected 1, 2 or 3, got ${version}`);
  const headerStart = version === 1 ? 10 : 12;
  if (bytes.length < headerStart) fail(`header cut off, expected ${headerStart} bytes, got ${bytes.length}`);
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataStart = headerStart + headerLength;
  if (headerLength > LONGEST_HEADER) {
    fail(`header too long, expected at most ${LONGEST_HEADER} bytes, got ${headerLength}`);
  }
  if (bytes.length < dataStart) fail(`header cut off, expected ${dataStart} bytes, got ${bytes.length}`);

  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(bytes.subarray(headerStart, dataStart));
  const header = parsePythonLiteral(text);
  if (!(header instanceof Map) || header.size !== KEYS.length || !KEYS.every((key) => header.has(key))) {
    return fail(`header is not a dictionary of descr, fortran_order and shape, got ${formatValue(text.trimEnd())}`);
  }
  const [descr, fortranOrder, shape] = KEYS.map((key) => header.get(key)!);
  if (typeof fortranOrder !== 'boolean') {
    return fail(`fortran_order: expected True or False, got ${formatLiteral(fortranOrder)}`);
  }
  if (!isShape(shape)) return fail(`shape: expected a tuple of whole numbers, got ${formatLiteral(shape)}`);
  const known = typeof descr === 'string' ? elementType(descr) : undefined;
  if (known === undefined) {
    const other = typeof descr === 'string' ? otherType(descr) : 'records';
    return fail(
      'element type that is not read, expected bool, int8 to int64, uint8 to uint64 or float16 to float64, ' +
        `got ${formatLiteral(descr)}${other === '' ? '' : ` (${other})`}`,
    );
  }
  const fileLength = dataStart + sizeOf(shape) * known.type.bytes;
  return { ...known, fortranOrder, shape, dataStart, fileLength, descr: descr as string };
}

/**
 * How long an NPY file is, from how it begins; undefined when that is too little to tell.
 *
 * @throws InputError as {@link parseNpyHeader} does.
 */
export function npyLength(start: NamedBytes): number | undefined {
  const { bytes } = start;
  const isNpy = NPY_MAGIC.every((byte, i) => i >= bytes.length || bytes[i] === byte);
  if (isNpy && bytes.length < LONGEST_START) {
    if (bytes.length < 12) return undefined;
    const length = bytes[6] === 1 ? bytes[8] + 256 * bytes[9] : undefined;
    if (bytes.length < 10 + (length ?? LONGEST_START)) return undefined;
  }
  return parseNpyHeader(start).fileLength;
}

function isShape(value: PythonLiteral): value is number[] {
  return Array.isArray(value) && value.every((extent) => Number.isSafeInteger(extent) && (extent as number) >= 0);
}

function formatLiteral(value: PythonLiteral): string {
  return formatValue(value instanceof Map ? Object.fromEntries(value) : value);
}
