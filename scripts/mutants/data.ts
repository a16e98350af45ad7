import { type Mutant, mutantsOf } from './mutant.ts';

/** Images, batches, random numbers. */
export const dataMutants: readonly Mutant[] = [
  ...mutantsOf({ file: 'src/data/loader.ts', tests: ['test/data/loader.test.ts'] }, [
    {
      name: 'data/every epoch has one order',
      text: 'this.#generator.fork(`epoch ${index}`)',
      becomes: 'this.#generator.fork(`epoch ${0 * index}`)',
    },
    {
      name: 'data/an image changes by its place, not by its number',
      text: 'this.#augment(sample.image, generator.fork(chosen))',
      becomes: 'this.#augment(sample.image, generator.fork(place))',
    },
    {
      name: 'data/all images change alike',
      text: 'this.#augment(sample.image, generator.fork(chosen))',
      becomes: 'this.#augment(sample.image, generator.fork(0 * chosen))',
    },
    {
      name: 'data/an epoch counts its last batch where it is left out',
      text: 'this.#dropLast ? Math.floor(batches) : Math.ceil(batches)',
      becomes: 'this.#dropLast ? Math.round(batches) : Math.ceil(batches)',
    },
    {
      name: 'data/every iteration is the first epoch',
      text: 'return this.epoch(this.#nextEpoch++);',
      becomes: 'return this.epoch(0 * this.#nextEpoch++);',
    },
    {
      name: 'data/a loader forgets its generator',
      text: 'this.#generator = generator ?? new Generator(seed);',
      becomes: 'this.#generator = generator && new Generator(seed) || new Generator(seed);',
    },
    {
      name: 'data/a loader forgets its seed',
      text: 'generator ?? new Generator(seed)',
      becomes: 'generator ?? new Generator(0 * seed)',
    },
  ]),
  ...mutantsOf({ file: 'src/data/augment.ts', tests: ['test/data/augment.test.ts'] }, [
    {
      name: 'data/a crop never reaches its last place',
      text: 'generator.integer(rows + 2 * padding - size + 1) - padding',
      becomes: 'generator.integer(Math.max(1, rows + 2 * padding - size)) - padding',
    },
    {
      name: 'data/a crop never reaches its last column',
      text: 'generator.integer(columns + 2 * padding - size + 1) - padding',
      becomes: 'generator.integer(Math.max(1, columns + 2 * padding - size)) - padding',
    },
    {
      name: 'data/a crop lies as far to the left as from the top',
      text: 'const left = generator.integer(columns + 2 * padding - size + 1) - padding;',
      becomes:
        'const left = generator.integer(columns + 2 * padding - size + 1) * 0 + Math.min(top, columns + padding - size);',
    },
    {
      name: 'data/mirrored with the other probability',
      text: 'generator.uniform() < probability',
      becomes: 'generator.uniform() > probability',
    },
    {
      name: 'data/a flip changes its argument',
      text: "  const out = sameKind(data, data.length); // not `slice`, which in Node's Buffer is a view\n  out.set(data);",
      becomes: '  const out = data;',
    },
    {
      name: 'data/channels are picked for the first image',
      text: 'const chosen = generator.permutation(channels).subarray(0, count).sort();',
      becomes: 'const chosen = new Int32Array(count).map((_, k) => k + 0 * generator.permutation(channels)[0]);',
    },
    {
      name: 'data/picked channels stay in the order of the draw',
      text: '.subarray(0, count).sort();',
      becomes: '.subarray(0, count);',
    },
    {
      name: 'data/outside of an image is what was to the left',
      text: '(c * height + y) * width + from - left',
      becomes: '(c * height + y) * width',
    },
  ]),
  ...mutantsOf(
    {
      file: 'src/data/normalization.ts',
      tests: [
        'test/data/conversion.test.ts',
        'test/data/dataset.test.ts',
        'test/data/loader.test.ts',
        'test/data/cifar.test.ts',
        'test/data/augment.test.ts',
      ],
    },
    [
      {
        name: 'data/all channels have the mean of the first',
        text: 'constants.mean[channel]',
        becomes: 'constants.mean[0 * channel]',
      },
      {
        name: 'data/all channels have the deviation of the first',
        text: 'constants.std[channel]',
        becomes: 'constants.std[0 * channel]',
      },
      {
        name: 'data/bytes are divided by 256',
        text: 'pixels instanceof Uint8Array ? 255 : 1',
        becomes: 'pixels instanceof Uint8Array ? 256 : 1',
      },
      {
        name: 'data/CIFAR-100 has the deviation of CIFAR-10',
        text: 'ofBytes([129.3, 124.1, 112.4], [68.2, 65.4, 70.4])',
        becomes: 'ofBytes([129.3, 124.1, 112.4], [63.0, 62.1, 66.7])',
      },
    ],
  ),
  ...mutantsOf({ file: 'src/data/synthetic.ts', tests: ['test/data/dataset.test.ts', 'test/data/loader.test.ts'] }, [
    {
      name: 'data/synthetic images are all the same',
      text: 'this.#generator.fork(index)',
      becomes: 'this.#generator.fork(0 * index)',
    },
    {
      name: 'data/synthetic images have no seed',
      text: "new Generator(seed).fork('synthetic images')",
      becomes: "new Generator(0 * seed).fork('synthetic images')",
    },
  ]),
  ...mutantsOf(
    {
      file: 'src/data/channels.ts',
      tests: [
        'test/data/dataset.test.ts',
        'test/data/conversion.test.ts',
        'test/node/images.test.ts',
        'test/node/source.test.ts',
      ],
    },
    [
      {
        name: 'data/repeated channels lose their normalisation',
        text: 'normalization && { mean: repeat(normalization.mean), std: repeat(normalization.std) }',
        becomes: 'normalization && { mean: repeat(normalization.mean), std: repeat([1]) }',
      },
      {
        name: 'data/repeated channels are those of the first image',
        text: 'const from = Math.floor(i / channels) * plane;',
        becomes: 'const from = Math.floor(0 * i) * plane;',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'src/data/images.ts',
      tests: ['test/data/npy.test.ts', 'test/data/dataset.test.ts', 'test/data/numpyFiles.test.ts'],
    },
    [
      {
        name: 'data/images with channels last are those of the first image',
        text: 'out[(i * channels + c) * plane + place]',
        becomes: 'out[(0 * i * channels + c) * plane + place]',
      },
    ],
  ),
  ...mutantsOf({ file: 'src/data/cifar.ts', tests: ['test/data/cifar.test.ts'] }, [
    {
      name: 'data/coarse labels are fine ones',
      text: "labels === 'fine' ? [1, 100] : [0, 20]",
      becomes: "labels === 'fine' ? [1, 100] : [1, 100]",
    },
    {
      name: 'data/images of CIFAR-100 begin with a label',
      text: 'bytes.subarray(start + labelBytes, start + recordBytes)',
      becomes: 'bytes.subarray(start + labelBytes - labelAt, start + recordBytes - labelAt)',
    },
  ]),
  ...mutantsOf({ file: 'src/tensor/random.ts', tests: ['test/tensor/random.test.ts'] }, [
    {
      name: 'data/the spare normal number comes twice',
      text: 'this.#spareNormal = undefined;',
      becomes: '',
    },
    {
      name: 'data/integers favour small ones',
      text: 'if (bits < fair) return bits % bound;',
      becomes: 'if (bits < fair || bits >= fair) return bits % bound;',
    },
    {
      name: 'data/a permutation leaves the last where it is',
      text: 'const j = this.integer(i + 1);',
      becomes: 'const j = this.integer(i);',
    },
  ]),
].map((mutant) => ({ beyondLaws: 'what becomes of images, tests tell', ...mutant }));
