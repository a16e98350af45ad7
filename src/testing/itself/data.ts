import fc from 'fast-check';
import {
  type Augmentation,
  ArrayDataset,
  crop,
  DataLoader,
  flipHorizontal,
  type Image,
  normalize,
  pickChannels,
  randomCrop,
  randomHorizontalFlip,
} from '../../data/index.ts';
import { type Backend, Generator, ndarray } from '../../tensor/index.ts';
import { draw } from '../arrays.ts';
import { extent, seeds } from '../arbitraries/shapes.ts';
import { law, type Law, type Measured } from '../law.ts';
import { dataSource, holds, near, same } from './measures.ts';

const imageOf = (seed: number, shape: readonly number[]): Image => ({
  shape,
  data: Float32Array.from(draw(seed, shape).data),
});

const pixel = ({ shape: [, h, w], data }: Image, c: number, y: number, x: number) =>
  y < 0 || x < 0 || y >= h || x >= w ? 0 : data[(c * h + y) * w + x];

const augmentations: Law<Backend> = law({
  name: 'augmentation of images',
  statement: 'Crops, flips and random windows read the pixels that they say, and every place of a window is drawn.',
  share: 0.5,
  cases: {
    images: fc.record({ c: extent(3), size: fc.integer({ min: 3, max: 5 }), padding: extent(2, 0), seed: seeds }),
  },
  check: async (_, { c, size, padding, seed }) => {
    const image = imageOf(seed, [c, size, size]);
    const before = image.data.slice();
    const flipped = flipHorizontal(image);
    const window = { top: padding - 2, left: 1 - padding, height: size, width: size - 1 };
    const cut = crop(image, window);
    const found: Measured[] = [];
    const indices = Array.from({ length: c * size * size }, (__, i) => i);
    const place = (i: number, width: number) => [
      Math.floor(i / (size * width)),
      Math.floor(i / width) % size,
      i % width,
    ];
    found.push(
      holds(
        'a flip',
        indices.every((i) => {
          const [k, y, x] = place(i, size);
          return flipped.data[i] === pixel(image, k, y, size - 1 - x);
        }),
      ),
      holds(
        'a crop',
        cut.data.every((value, i) => {
          const [k, y, x] = place(i, size - 1);
          return value === pixel(image, k, y + window.top, x + window.left);
        }),
      ),
      holds(
        'the image stays as it is',
        before.every((value, i) => value === image.data[i]),
      ),
    );
    // Places of windows: of 1 in k the chance to be missed in 40·k draws is below e⁻⁴⁰.
    const side = 2 * padding + 1;
    const marked: Image = {
      shape: [1, size, size],
      data: Float32Array.from({ length: size * size }, (__, i) => i + 1),
    };
    const seen = new Set<string>();
    const augment = randomCrop(size, padding);
    const generator = new Generator(seed);
    for (let k = 0; k < 40 * side * side; k++) seen.add(augment(marked, generator).data.join());
    found.push(same('places of a window', seen.size, side * side));
    const flips = (probability: number) => {
      const flip: Augmentation = randomHorizontalFlip(probability);
      return Array.from({ length: 200 }, () => flip(marked, generator).data[0] !== 1).filter(Boolean).length;
    };
    // Of 200 draws at ¼ between 15 and 90 are expected: more than 5 deviations of 6 on either side.
    const quarter = flips(0.25);
    found.push(same('flips that never happen', flips(0), 0), same('flips that always happen', flips(1), 200));
    found.push(holds(`${quarter} of 200 flips at ¼`, quarter > 15 && quarter < 90));
    return Promise.resolve(found);
  },
  source: dataSource,
});

const picked: Law<Backend> = law({
  name: 'channels and normalisation',
  statement: 'Channels are picked of each image anew and in order; each is normalised by its own mean and deviation.',
  share: 0.5,
  cases: { batches: fc.record({ n: fc.integer({ min: 12, max: 16 }), seed: seeds }) },
  check: async (_, { n, seed }) => {
    // The channels of image i are 3i, 3i + 1 and 3i + 2.
    const images = ndarray(
      Array.from({ length: n * 3 }, (__, i) => i),
      [n, 3, 1, 1],
    );
    const two = pickChannels(images, 2, new Generator(seed));
    const rows = Array.from({ length: n }, (__, i) => [two.data[2 * i] - 3 * i, two.data[2 * i + 1] - 3 * i]);
    const constants = { mean: [0.1, 0.2, 0.4], std: [0.5, 0.25, 2] };
    const normal = normalize(images, constants);
    return Promise.resolve([
      holds(
        'in order',
        rows.every(([a, b]) => a >= 0 && b <= 2 && a < b),
      ),
      // The chance that 12 images have the same pair of 3 is 3⁻¹¹.
      holds('not all alike', new Set(rows.map(String)).size > 1),
      ...Array.from(normal.data, (value, i) =>
        near(`element ${i}`, value, (i - constants.mean[i % 3]) / constants.std[i % 3], 1e-15 * (1 + i / 0.25)),
      ),
    ]);
  },
  source: dataSource,
});

const loaders: Law<Backend> = law({
  name: 'batches of a loader',
  statement:
    'An epoch has every image once, in an order of its own; what becomes of an image depends on its number, the epoch and the seed.',
  share: 0.5,
  cases: {
    loaders: fc.record({
      length: fc.integer({ min: 9, max: 14 }),
      batchSize: extent(4),
      dropLast: fc.boolean(),
      seed: seeds,
    }),
  },
  check: async (_, { length, batchSize, dropLast, seed }) => {
    const dataset = new ArrayDataset({
      name: 'numbers',
      shape: [1, 1, 1],
      images: Float32Array.from({ length }, (__, i) => i),
    });
    const noise: Augmentation = ({ shape, data }, generator) => ({
      shape,
      data: Float32Array.of(data[0] + generator.uniform(0, 0.5)),
    });
    const loaded = (options: { seed: number; augment?: Augmentation; size?: number }) =>
      new DataLoader(dataset, {
        batchSize: options.size ?? batchSize,
        shuffle: true,
        dropLast,
        seed: options.seed,
        ...(options.augment && { augment: options.augment }),
      });
    const numbers = (loader: DataLoader) => [...loader].map(({ images }) => [...images.data]);
    const loader = loaded({ seed });
    const [first, second] = [numbers(loader), numbers(loader)];
    const whole = dropLast ? Math.floor(length / batchSize) : Math.ceil(length / batchSize);
    const sorted = first.flat().toSorted((a, b) => a - b);
    const changed = numbers(loaded({ seed, augment: noise, size: length })).flat();
    const others = numbers(loaded({ seed, augment: noise, size: 1 })).flat();
    const parts = changed.map((value) => value - Math.floor(value));
    return Promise.resolve([
      same('the number of batches', [first.length, loader.length], [whole, whole]),
      same(
        'sizes',
        first.slice(0, -1).every((batch) => batch.length === batchSize),
        true,
      ),
      holds('each image once', new Set(sorted).size === sorted.length && (dropLast || sorted.every((x, i) => x === i))),
      holds('another order in the next epoch', String(first) !== String(second)),
      holds('the same for the same seed', String(numbers(loaded({ seed }))) === String(first)),
      holds('another for another seed', String(numbers(loaded({ seed: seed + 1 }))) !== String(first)),
      same(
        'epochs by their number',
        [...loader.epoch(1)].map(({ images }) => [...images.data]),
        second,
      ),
      holds('each image changes in its own way', new Set(parts.map((part) => part.toFixed(6))).size > length / 2),
      same(
        'whatever the batch size',
        others.toSorted((a, b) => a - b),
        changed.toSorted((a, b) => a - b),
      ),
    ]);
  },
  source: dataSource,
});

const generators: Law<Backend> = law({
  name: 'random numbers',
  statement:
    'Streams of labels are independent of each other and of the position in their parent; draws have the ranges, means and deviations that they say.',
  share: 0.25,
  cases: { seeds },
  check: async (_, seed) => {
    const generator = new Generator(seed);
    const early = generator.fork('a').uniform();
    const values = Array.from({ length: 4000 }, () => generator.uniform(-1, 3));
    const normals = Array.from(new Generator(seed).fork('n').normals([4000], { mean: 2, std: 3 }).data);
    const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    const deviation = (list: readonly number[]) => Math.sqrt(mean(list.map((x) => (x - mean(list)) ** 2)));
    const counts = new Array<number>(5).fill(0);
    for (let k = 0; k < 2000; k++) counts[generator.integer(5)]++;
    const last = new Array<number>(4).fill(0);
    for (let k = 0; k < 800; k++) last[generator.permutation(4)[3]]++;
    // Means of 4,000 draws have deviations of 4/√12/√4000 = 0.018 and 3/√4000 = 0.047, deviations about as much; counts of
    // 2,000 and 800 draws 18 and 12. Six of them and more are allowed.
    return Promise.resolve([
      same('a fork, whatever was drawn', generator.fork('a').uniform(), early),
      holds(
        'forks of other labels',
        new Set(['a', 'b', '1', 1].map((label) => new Generator(seed).fork(label).uniform())).size === 4,
      ),
      holds('other seeds', new Generator(seed + 1).uniform() !== new Generator(seed).uniform()),
      holds(
        'ranges',
        values.every((x) => x >= -1 && x < 3),
      ),
      near('the mean of uniform numbers', mean(values), 1, 0.11),
      near('the deviation of uniform numbers', deviation(values), 4 / Math.sqrt(12), 0.11),
      near('the mean of normal numbers', mean(normals), 2, 0.3),
      near('the deviation of normal numbers', deviation(normals), 3, 0.3),
      holds('no normal number twice', new Set(normals).size === 4000),
      ...counts.map((count, i) => near(`integers ${i}`, count, 400, 110)),
      ...last.map((count, i) => near(`permutations that end in ${i}`, count, 200, 75)),
    ]);
  },
  source: dataSource,
});

/** Laws of images, batches and random numbers. */
export const dataLaws: readonly Law<Backend>[] = [generators, augmentations, picked, loaders];
