import { InputError } from '../errors.ts';

/**
 * How long a content is, or how long it may be at most, from how it begins; undefined when that is too little to tell. It
 * throws where the content is not what it should be.
 */
export type LengthOf = (start: Uint8Array) => number | undefined;

/** How many packed bytes are unpacked at a time. Deflate packs 1032 bytes into one at best. */
const PIECE = 1 << 12;
/** Of a content that does not say how long it is by then, no more is looked at. */
const LONGEST_START = 1 << 16;

/** Parts of a text, as a stream of fflate takes them. */
export interface Stream {
  push(chunk: Uint8Array, final: boolean): void;
}

/**
 * What comes out of a stream, no more of it than the content's own beginning says: a small file that unpacks to
 * gigabytes ends where its header does.
 */
export class Content {
  readonly #where: string;
  readonly #lengthOf: LengthOf;
  readonly #chunks: Uint8Array[] = [];
  #most: number | undefined;
  #length = 0;

  /** @param where names the content in messages. */
  constructor(where: string, lengthOf: LengthOf) {
    this.#where = where;
    this.#lengthOf = lengthOf;
  }

  /** How many bytes there are. */
  get length(): number {
    return this.#length;
  }

  /** @throws InputError when that is more than the beginning says. */
  add(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#most === undefined) {
      const start = this.#joined();
      this.#chunks.splice(0, this.#chunks.length, start);
      this.#most = this.#lengthOf(start) ?? (start.length < LONGEST_START ? undefined : LONGEST_START);
    }
    if (this.#most !== undefined && this.#length > this.#most) {
      throw new InputError(
        `${this.#where}: unpacks to more than its header says, expected at most ${this.#most} bytes`,
      );
    }
  }

  /** All of it. */
  bytes(): Uint8Array {
    return this.#joined();
  }

  #joined(): Uint8Array {
    if (this.#chunks.length === 1) return this.#chunks[0];
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}

/**
 * Sends packed bytes through a stream, piece by piece.
 *
 * @param where names them in messages.
 * @throws InputError when the stream cannot make sense of them.
 */
export function pump(where: string, packed: Uint8Array, stream: Stream): void {
  try {
    for (let at = 0; at < packed.length; at += PIECE) {
      stream.push(packed.subarray(at, at + PIECE), at + PIECE >= packed.length);
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${where}: cannot be unpacked, ${(error as Error).message}`);
  }
}
