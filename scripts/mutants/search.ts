import { type Mutant, mutantsOf } from './mutant.ts';

const DRAWS = ['test/search/draws.test.ts', 'test/search/streams.test.ts'];

/** TE-NAS's search, sweeps, rank correlation, which the laws of kernels do not cover. */
export const searchMutants: readonly Mutant[] = [
  ...mutantsOf({ file: 'src/search/schedule.ts', tests: ['test/search/schedule.test.ts'] }, [
    {
      name: 'search/tied with the first that goes',
      text: 'all[goes - 1].rankSum === all[goes].rankSum',
      becomes: 'all[0].rankSum === all[goes].rankSum',
    },
    {
      name: 'search/an edge may lose its last operation',
      text: 'Math.max(1, countOn(mask[cell][edge]) - pruneNumber)',
      becomes: 'Math.max(0, countOn(mask[cell][edge]) - pruneNumber)',
    },
    {
      name: 'search/edges of both cells rival each other',
      text: '`${cell} ${edge}` : ',
      becomes: '`${0 * cell} ${edge}` : ',
    },
    {
      name: 'search/rounds on edges compare with the last round',
      text: "const began = phase === 'edges' ? phaseMask : mask;",
      becomes: "const began = phase === 'edges' ? mask : mask;",
    },
    {
      name: 'search/rounds on edges have one number',
      text: "return { phase: 'edges', index: index + 1,",
      becomes: "return { phase: 'edges', index,",
    },
    {
      name: 'search/paired work counts every comparison',
      text: 'referenceWork(mask) * (paired ? 1 : candidates.length)',
      becomes: 'referenceWork(mask) * (paired ? candidates.length : candidates.length)',
    },
    {
      name: 'search/edges with one operation go on',
      text: 'edges.flatMap((edge, e) => (countOn(edge) > 1 ? choicesOf',
      becomes: 'edges.flatMap((edge, e) => (countOn(edge) > 0 ? choicesOf',
    },
  ]),
  ...mutantsOf({ file: 'src/search/measurer.ts', tests: DRAWS }, [
    {
      name: 'search/paired candidates draw their own',
      text: 'paired || choice === undefined ?',
      becomes: 'choice === undefined ?',
    },
    {
      name: 'search/all candidates draw alike',
      text: 'ofRound.fork(`${choice.cell} ${choice.edge} ${choice.op}`)',
      becomes: "ofRound.fork('all')",
    },
    {
      name: 'search/candidates of both cells draw alike',
      text: 'ofRound.fork(`${choice.cell} ${choice.edge} ${choice.op}`)',
      becomes: 'ofRound.fork(`${choice.edge} ${choice.op}`)',
    },
    {
      name: 'search/candidates of all edges draw alike',
      text: 'ofRound.fork(`${choice.cell} ${choice.edge} ${choice.op}`)',
      becomes: 'ofRound.fork(`${choice.cell} ${choice.op}`)',
    },
    {
      name: 'search/candidates of an edge draw alike',
      text: 'ofRound.fork(`${choice.cell} ${choice.edge} ${choice.op}`)',
      becomes: 'ofRound.fork(`${choice.cell} ${choice.edge}`)',
    },
    {
      name: 'search/all rounds draw alike',
      text: 'root.fork(`round ${round.index}`)',
      becomes: "root.fork('round')",
    },
    {
      name: 'search/weights for κ are drawn in every repeat of code, too',
      text: '(once ? ofPhase : each)',
      becomes: '(once ? each : each)',
    },
    {
      name: 'search/weights for regions are drawn in every repeat of code, too',
      text: '(once ? own : each)',
      becomes: '(once ? each : each)',
    },
    {
      name: 'search/weights for regions are drawn once on paper, too',
      text: '(once ? own : each)',
      becomes: '(once ? own : own)',
    },
    {
      name: 'search/weights for κ are drawn once on paper, too',
      text: '(once ? ofPhase : each)',
      becomes: '(once ? ofPhase : ofPhase)',
    },
    {
      name: 'search/weights for κ are drawn once a candidate in code',
      text: '(once ? ofPhase : each)',
      becomes: '(once ? own : each)',
    },
    {
      name: 'search/weights of edges are drawn in every round',
      text: "round.phase === 'edges' ? root.fork('edges') : ofRound",
      becomes: "round.phase === 'edges' ? ofRound : ofRound",
    },
    {
      name: 'search/all repeats draw alike',
      text: 'own.fork(`repeat ${repeat}`)',
      becomes: 'own.fork(`repeat ${0 * repeat}`)',
    },
    {
      name: 'search/images for κ and weights draw from one stream',
      text: "each.fork('kappa images')",
      becomes: "each.fork('kappa weights')",
    },
    {
      name: 'search/images for regions are drawn as those for κ',
      text: "each.fork('region images')",
      becomes: "each.fork('kappa images')",
    },
    {
      name: 'search/images for regions are drawn once a candidate',
      text: "each.fork('region images')",
      becomes: "own.fork('region images')",
    },
    {
      name: 'search/images for κ are drawn once a candidate',
      text: "each.fork('kappa images')",
      becomes: "own.fork('kappa images')",
    },
    {
      name: 'search/weights for regions are drawn as those for κ',
      text: "fork('region weights')",
      becomes: "fork('kappa weights')",
    },
    {
      name: 'search/every seed draws alike',
      text: "new Generator(seed).fork('search')",
      becomes: "new Generator(0 * seed).fork('search')",
    },
    {
      name: 'search/weights for regions keep the variance backwards',
      text: "paper: withZeroBias(kaimingNormal('fan-in'))",
      becomes: "paper: withZeroBias(kaimingNormal('fan-out'))",
    },
    {
      name: 'search/weights for κ are those of paper',
      text: 'initialize(kappa.network, TE_NAS_SCHEMES[fidelity], draw.kappaWeights)',
      becomes: 'initialize(kappa.network, TE_NAS_SCHEMES.paper, draw.kappaWeights)',
    },
    {
      name: 'search/weights for regions are those of paper',
      text: 'initialize(regions.network, REGION_SCHEMES[fidelity], draw.regionWeights)',
      becomes: 'initialize(regions.network, REGION_SCHEMES.paper, draw.regionWeights)',
    },
    {
      name: 'search/κ is measured in eval mode',
      text: "const options = { mode: 'train', backend: this.#backend, dtype: this.#settings.dtype as DType, signal } as const;\n    return { key: formatMask(mask), network, program: await NtkProgram",
      becomes:
        "const options = { mode: 'eval', backend: this.#backend, dtype: this.#settings.dtype as DType, signal } as const;\n    return { key: formatMask(mask), network, program: await NtkProgram",
    },
    {
      name: 'search/regions are counted in eval mode',
      text: "const options = { mode: 'train', backend: this.#backend, dtype: this.#settings.dtype as DType, signal } as const;\n    return { key: formatMask(mask), network, program: await LinearRegionProgram",
      becomes:
        "const options = { mode: 'eval', backend: this.#backend, dtype: this.#settings.dtype as DType, signal } as const;\n    return { key: formatMask(mask), network, program: await LinearRegionProgram",
    },
    {
      name: 'search/a candidate is measured with its operation',
      text: 'const mask = without(round.mask, [choice]);',
      becomes: 'const mask = without(round.mask, choice ? [] : [choice]);',
    },
  ]),
  ...mutantsOf(
    {
      file: 'src/search/cellMeasurer.ts',
      tests: ['test/search/draws.test.ts', 'test/search/streams.test.ts', 'test/node/sweep.test.ts'],
    },
    [
      {
        name: 'search/a sweep draws the same weights for κ in every repeat',
        text: 'initialize(network, TE_NAS_SCHEMES[init], new Generator(seed).fork(`weights ${repeat}`))',
        becomes: 'initialize(network, TE_NAS_SCHEMES[init], new Generator(seed).fork(`weights ${0 * repeat}`))',
      },
      {
        name: 'search/a sweep draws the same weights for regions in every repeat',
        text: 'initialize(network, REGION_SCHEMES[init], new Generator(seed).fork(`weights ${repeat}`))',
        becomes: 'initialize(network, REGION_SCHEMES[init], new Generator(seed).fork(`weights ${0 * repeat}`))',
      },
      {
        name: 'search/a sweep draws weights for κ without its seed',
        text: 'initialize(network, TE_NAS_SCHEMES[init], new Generator(seed)',
        becomes: 'initialize(network, TE_NAS_SCHEMES[init], new Generator(0 * seed)',
      },
      {
        name: 'search/a sweep draws weights for regions without its seed',
        text: 'initialize(network, REGION_SCHEMES[init], new Generator(seed)',
        becomes: 'initialize(network, REGION_SCHEMES[init], new Generator(0 * seed)',
      },
      {
        name: 'search/a sweep draws crops without its seed',
        text: "const generator = new Generator(seed).fork('region images');",
        becomes: "const generator = new Generator(0 * seed).fork('region images');",
      },
      {
        name: 'search/a sweep draws the same crops in every repeat',
        text: 'regionBatches(dataset, regions, generator.fork(repeat))',
        becomes: 'regionBatches(dataset, regions, generator.fork(0 * repeat))',
      },
      {
        name: 'search/a sweep takes the weights of paper for κ',
        text: 'TE_NAS_SCHEMES[init]',
        becomes: "TE_NAS_SCHEMES[init === 'code' ? 'paper' : init]",
      },
      {
        name: 'search/a sweep takes the weights of paper for regions',
        text: 'REGION_SCHEMES[init]',
        becomes: "REGION_SCHEMES[init === 'code' ? 'paper' : init]",
      },
      {
        name: 'search/a sweep is in train mode',
        text: 'const options = { mode, backend, dtype: dtype as DType, signal };',
        becomes: "const options = { mode: 'train' as const, backend, dtype: dtype as DType, signal, ...(mode && {}) };",
      },
      {
        name: 'search/a sweep takes the first images in every repeat',
        text: 'kappas.push(keepKappa(await program.run(images, { signal })));',
        becomes: 'kappas.push(keepKappa(await program.run(images && this.#images[0], { signal })));',
      },
      {
        name: 'search/a sweep counts regions with the stem',
        text: 'depth: 1, useStem: false });',
        becomes: 'depth: 2, useStem: false });',
      },
    ],
  ),
  ...mutantsOf({ file: 'src/search/batches.ts', tests: DRAWS }, [
    {
      name: 'search/images for κ are not mirrored',
      text: 'compose(randomHorizontalFlip(0.5), randomCrop(rows, Math.round(rows / 8)))',
      becomes:
        'randomCrop(rows, compose === undefined || randomHorizontalFlip === undefined ? 0 : Math.round(rows / 8))',
    },
    {
      name: 'search/images for κ are not shifted',
      text: 'Math.round(rows / 8)',
      becomes: 'Math.round(0 * rows)',
    },
    {
      name: 'search/images for κ are shifted twice as far',
      text: 'Math.round(rows / 8)',
      becomes: 'Math.round(rows / 4)',
    },
    {
      name: 'search/images for κ are the first ones',
      text: '{ batchSize: size, shuffle: true, augment, generator }',
      becomes: '{ batchSize: size, shuffle: false, augment, generator }',
    },
    {
      name: 'search/crops of all batches are at the same places',
      text: 'generator.fork(`crop ${b * samples + i}`)',
      becomes: 'generator.fork(`crop ${i}`)',
    },
    {
      name: 'search/crops of a batch are at the same place',
      text: 'generator.fork(`crop ${b * samples + i}`)',
      becomes: 'generator.fork(`crop ${b}`)',
    },
    {
      name: 'search/batches take the same channels',
      text: 'generator.fork(`channels ${b}`)',
      becomes: "generator.fork('channels')",
    },
    {
      name: 'search/every round through the images has one order',
      text: 'generator.fork(`order ${epoch}`)',
      becomes: 'generator.fork(`order ${0 * epoch}`)',
    },
    {
      name: 'search/images for regions come in their order',
      text: 'generator.fork(`order ${epoch}`).permutation(dataset.length)',
      becomes: 'generator.fork(`order ${epoch}`).permutation(dataset.length).sort()',
    },
    {
      name: 'search/crops for regions are not normalised',
      text: 'collate(chosen, dataset.normalization)',
      becomes: 'collate(chosen)',
    },
    {
      name: 'search/repeats share their images',
      text: 'batches.push(images);',
      becomes: 'batches.push(batches[0] ?? images);',
    },
    {
      name: 'search/repeats take images in their order',
      text: '{ batchSize: size, shuffle: true, seed, dropLast: true }',
      becomes: '{ batchSize: size, seed, dropLast: true }',
    },
    {
      name: 'search/repeats take images without their seed',
      text: '{ batchSize: size, shuffle: true, seed, dropLast: true }',
      becomes: '{ batchSize: size, shuffle: true, seed: 0 * seed, dropLast: true }',
    },
    {
      name: 'search/repeats may have short batches',
      text: '{ batchSize: size, shuffle: true, seed, dropLast: true }',
      becomes: '{ batchSize: size, shuffle: true, seed, dropLast: false }',
    },
  ]),
].map((mutant) => ({ beyondLaws: 'which draws share a stream, tests tell', ...mutant }));
