import { Gunzip } from 'fflate';
import { InputError } from '../errors.ts';
import { crc32 } from './crc32.ts';
import { Content, type LengthOf, pump } from './inflate.ts';
import type { NamedBytes } from './namedBytes.ts';

/** A file's last bytes: the checksum and the length of what it unpacks to. */
const TRAILER_BYTES = 8;
/** Where a tar archive says that it is one, and how long its first header is. */
const TAR_MAGIC_AT = 257;
const TAR_BLOCK = 512;
/** No file of images is packed better than this; what says so unpacks to gigabytes. */
const BEST_RATIO = 64;
const SMALL = 1 << 26;

/** The most bytes that a file of images can unpack to, where its beginning does not say how long it is. */
export function mostOf({ bytes }: NamedBytes): number {
  return Math.max(SMALL, BEST_RATIO * bytes.length);
}

/**
 * A file as it is, or what it unpacks to when it is a gzip file (RFC 1952).
 *
 * @param format begins messages.
 * @param lengthOf how long the content can be, so that a small file does not unpack to gigabytes.
 * @throws InputError when it cannot be unpacked, is not what was packed, or unpacks to more than `lengthOf` says; and for
 *   an archive of files, which is to be unpacked before.
 */
export function gunzipped(format: string, { name, bytes }: NamedBytes, lengthOf: LengthOf): NamedBytes {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return { name, bytes };
  const where = `${format} ${name}`;
  const content = new Content(where, (start) => {
    if (start.length < TAR_BLOCK) return undefined;
    refuseTar(where, start);
    return lengthOf(start);
  });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let crc = 0;
  let began = 0;
  /** A file may be several, each with its own trailer, whose contents follow each other. */
  const checkTrailer = (end: number) => {
    const length = (content.length - began) % 2 ** 32;
    const at = end - TRAILER_BYTES;
    if (at < 0 || view.getUint32(at, true) !== crc || view.getUint32(at + 4, true) !== length) {
      throw new InputError(`${where}: cannot be unpacked, it is cut off or damaged (checksum differs)`);
    }
    crc = 0;
    began = content.length;
  };
  const stream = new Gunzip((chunk) => {
    crc = crc32(chunk, crc);
    content.add(chunk);
  });
  stream.onmember = checkTrailer;
  pump(where, bytes, stream);
  checkTrailer(bytes.length);
  return { name, bytes: content.bytes() };
}

function refuseTar(where: string, start: Uint8Array): void {
  if (String.fromCharCode(...start.subarray(TAR_MAGIC_AT, TAR_MAGIC_AT + 5)) !== 'ustar') return;
  throw new InputError(`${where}: a tar archive, expected the files in it; unpack it with tar xzf`);
}
