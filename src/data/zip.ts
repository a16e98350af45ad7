import { Inflate } from 'fflate';
import { InputError } from '../errors.ts';
import { crc32 } from './crc32.ts';
import { Content, type LengthOf, pump } from './inflate.ts';
import { likeness } from './likeness.ts';
import type { NamedBytes } from './namedBytes.ts';

/** A file of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly packedLength: number;
  readonly length: number;
  /** Where its local header begins. */
  readonly offset: number;
}

const SIGNATURE = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator: 0x07064b50 };
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
/** In place of a number that needs 64 bits. */
const FULL = 0xffffffff;
/** The end is followed by a comment of at most this length. */
const LONGEST_COMMENT = 0xffff;

/**
 * The files of a ZIP archive (PKWARE's APPNOTE; ZIP64 too), by its central directory. Nothing is unpacked.
 *
 * @param format begins messages.
 * @throws InputError when it is no archive, or a part of it is missing.
 */
export function zipEntries(format: string, { name, bytes }: NamedBytes): ZipEntry[] {
  const where = `${format} ${name}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cut = () => new InputError(`${where}: a ZIP archive that is cut off or damaged, ${bytes.length} bytes`);
  const end = endOf(view);
  if (end === undefined) {
    if (bytes[0] === 0x50 && bytes[1] === 0x4b) throw cut();
    throw new InputError(`${where}: not a ZIP archive, got ${bytes.length} bytes${likeness(bytes)}`);
  }
  try {
    let { count, at } = directory(view, end);
    const entries: ZipEntry[] = [];
    for (; count > 0; count--) {
      if (view.getUint32(at, true) !== SIGNATURE.central) throw cut();
      const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
      const extraAt = at + CENTRAL_BYTES + nameLength;
      const [packedLength, length, offset] = wide(view, extraAt, extraLength, at);
      entries.push({
        name: new TextDecoder().decode(bytes.subarray(at + CENTRAL_BYTES, extraAt)),
        method: view.getUint16(at + 10, true),
        encrypted: (view.getUint16(at + 8, true) & 1) === 1,
        crc: view.getUint32(at + 16, true),
        packedLength,
        length,
        offset,
      });
      at = extraAt + extraLength + commentLength;
    }
    return entries;
  } catch (error) {
    if (error instanceof RangeError) throw cut(); // a number beyond the end of the file
    throw error;
  }
}

/**
 * The content of a file of an archive: a view of it where it is stored as it is, unpacked where it is deflated.
 *
 * @param lengthOf how long the content can be, so that a small archive does not unpack to gigabytes.
 * @throws InputError when it cannot be unpacked, is not what was packed, or unpacks to more than `lengthOf` says.
 */
export function unzipEntry(format: string, archive: NamedBytes, entry: ZipEntry, lengthOf: LengthOf): Uint8Array {
  const { bytes } = archive;
  const where = `${format} ${archive.name}: ${entry.name}`;
  const fail = (problem: string) => new InputError(`${where}: cannot be unpacked, ${problem}`);
  if (entry.encrypted) throw fail('it is encrypted');
  if (entry.offset + LOCAL_BYTES > bytes.length) throw fail('the archive is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(entry.offset, true) !== SIGNATURE.local) throw fail('the archive is damaged');
  const [nameLength, extraLength] = [26, 28].map((field) => view.getUint16(entry.offset + field, true));
  const start = entry.offset + LOCAL_BYTES + nameLength + extraLength;
  if (start + entry.packedLength > bytes.length) throw fail('the archive is cut off');
  const packed = bytes.subarray(start, start + entry.packedLength);
  const content = contentOf(where, packed, entry.method, lengthOf);
  if (content === undefined) throw fail(`method ${entry.method}, expected 0 (stored) or 8 (deflated)`);
  if (content.length !== entry.length || crc32(content) !== entry.crc) {
    throw fail('it is not what was packed (checksum differs)');
  }
  return content;
}

function contentOf(where: string, packed: Uint8Array, method: number, lengthOf: LengthOf): Uint8Array | undefined {
  if (method === 0) return packed;
  if (method !== 8) return undefined;
  const content = new Content(where, lengthOf);
  pump(where, packed, new Inflate((chunk) => content.add(chunk)));
  return content.bytes();
}

/** The record that locates the end of the central directory. */
function endOf(view: DataView): number | undefined {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - LONGEST_COMMENT); at--) {
    if (view.getUint32(at, true) === SIGNATURE.end) return at;
  }
  return undefined;
}

function directory(view: DataView, end: number): { count: number; at: number } {
  const locator = end - 20;
  if (locator >= 0 && view.getUint32(locator, true) === SIGNATURE.locator) {
    const at = uint64(view, locator + 8);
    if (view.getUint32(at, true) === SIGNATURE.end64)
      return { count: uint64(view, at + 32), at: uint64(view, at + 48) };
  }
  return { count: view.getUint16(end + 10, true), at: view.getUint32(end + 16, true) };
}

/** Lengths and offset of an entry: what does not fit 32 bits is in the extra field 1, in this order. */
function wide(view: DataView, extraAt: number, extraLength: number, at: number): [number, number, number] {
  const [packedLength, length, offset] = [20, 24, 42].map((field) => view.getUint32(at + field, true));
  let next: number | undefined;
  for (let field = extraAt; field + 4 <= extraAt + extraLength; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) === 1) next = field + 4;
  }
  const read = (value: number) => {
    if (value !== FULL || next === undefined) return value;
    next += 8;
    return uint64(view, next - 8);
  };
  const fullLength = read(length); // the unpacked length comes first
  const fullPacked = read(packedLength);
  return [fullPacked, fullLength, read(offset)];
}

function uint64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
