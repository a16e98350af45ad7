// GPU.js allocates a texture for every result that is kept, and deletes it with the result. Under OpenGL both are slow:
// a new texture is filled with zeros first. Here textures go round instead: what a result leaves is what the next result
// of its size is written to.

/** A texture of OpenGL and the number of GPU.js's handles of it. */
interface RawTexture {
  _refs: number;
}

/** GPU.js's handle of the texture that a kernel writes. */
interface OutputTexture {
  texture: RawTexture;
  readonly size: ArrayLike<number>;
  newTexture?(): void;
}

/** The parts of GPU.js's kernel objects that allocate and delete. */
interface AllocatingKernel {
  readonly texture?: OutputTexture | null;
  readonly mappedTextures?: readonly OutputTexture[] | null;
  deleteTexture?(texture: RawTexture): void;
}

const sizeKey = (size: ArrayLike<number>) => `${size[0]} ${size[1]}`;

/** Textures that no result uses any more, by their size. */
export class TexturePool {
  readonly #free = new Map<string, RawTexture[]>();
  readonly #sizes = new WeakMap<RawTexture, string>();
  readonly #known = new WeakSet<object>();

  /**
   * Makes a kernel that has just run take its textures from here, and leave them here. To be called after every run: a
   * kernel that reads what it wrote last is given another handle by GPU.js.
   */
  adopt(kernel: object | undefined): void {
    const allocating = kernel as AllocatingKernel | undefined;
    if (!allocating?.texture?.newTexture || !allocating.deleteTexture) return; // not OpenGL
    this.#adoptOutput(allocating.texture);
    allocating.mappedTextures?.forEach((output) => this.#adoptOutput(output));
    if (this.#known.has(allocating)) return;
    this.#known.add(allocating);
    const remove = allocating.deleteTexture.bind(allocating);
    allocating.deleteTexture = (texture) => {
      const key = this.#sizes.get(texture);
      if (key === undefined) remove(texture);
      else this.#list(key).push(texture);
    };
  }

  #adoptOutput(output: OutputTexture): void {
    if (this.#known.has(output)) return;
    this.#known.add(output);
    this.#remember(output);
    const allocate = output.newTexture!.bind(output);
    output.newTexture = () => {
      const reused = this.#free.get(sizeKey(output.size))?.pop();
      if (reused === undefined) {
        allocate();
        this.#remember(output);
      } else {
        output.texture._refs--;
        reused._refs = 1;
        output.texture = reused;
      }
    };
  }

  #remember({ texture, size }: OutputTexture): void {
    this.#sizes.set(texture, sizeKey(size));
  }

  #list(key: string): RawTexture[] {
    let list = this.#free.get(key);
    if (list === undefined) this.#free.set(key, (list = []));
    return list;
  }
}
