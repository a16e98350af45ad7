import { Argument, Command, Option } from '@commander-js/extra-typings';
import type { BENCHMARK_DATASETS } from '../search/accuracy.ts';
import { CELL_COUNT, TE_NAS_COMMON } from '../search/constants.ts';
import {
  checkpoints,
  classesOption,
  dataOption,
  dtypeOption,
  integer,
  jsonOption,
  modeOption,
  outputs,
  parameters,
  real,
  seedOption,
  widths,
  withBackendChoice,
  withBackendOptions,
  withNetworkOptions,
  withQueueOptions,
  withQueueServer,
  withRegionOptions,
} from './options.ts';

// The commands and their options, as the help shows them. What each does is loaded when it is called.

const repeatsOption = () => new Option('--repeats <count>', 'number of repetitions').argParser(integer(1)).default(1);

/** `ntkit ntk CASE` */
export const ntk = () =>
  withBackendOptions(
    new Command('ntk')
      .description(
        "the tangent kernel and κ of the network in a case (.safetensors) or an ONNX model; TE-NAS's by default",
      )
      .argument('<file>'),
  )
    .addOption(seedOption())
    .option('--html <file>', 'write a page with the kernel matrix and its spectrum')
    .option(
      '--images <source>',
      "a batch instead of the case's: FILE.npy, FILE.safetensors (tensor input), or a --data source",
    )
    .option('--x2 <source>', 'a second batch: the kernel is Θ(x1, x2)')
    .option('--output <name>', 'which output of an ONNX model; the first by default')
    .addOption(modeOption("the case's, eval for ONNX"))
    .addOption(
      new Option('--outputs <which>', 'sum, trace, full, or the number of one output')
        .argParser(outputs)
        .default('sum' as const),
    )
    .addOption(
      new Option('--parameters <which>', 'weight, all, or /REGEX/ on names')
        .argParser(parameters)
        .default('weight' as const),
    )
    .addOption(
      new Option(
        '--batch-size <count>',
        "number of images: the first of --images, or standard normal ones in place of the case's",
      ).argParser(integer(1)),
    )
    .addOption(
      new Option('--eigen <method>', 'how eigenvalues are computed; as the backend does by default').choices([
        'jacobi',
        'householder',
        'qr',
      ] as const),
    )
    .option('--precise', 'as accurate as float64 allows: rows in float64, λ from the singular values of J')
    .option('--no-certificate', 'do not measure the error of rows and look for kinks')
    .addOption(
      new Option('--by <group>', 'which parameters supply λmin and λmax').choices([
        'layer',
        'edge',
        'parameter',
      ] as const),
    )
    .addOption(repeatsOption());

/** `ntkit score` */
export const score = () =>
  withNetworkOptions(
    withBackendOptions(new Command('score').description('κ of NAS-Bench-201 cells at initialisation')),
    5,
  )
    .addOption(seedOption())
    .option('--html <file>', 'write a page with kernel matrices and spectra')
    .option(
      '--arch <cells...>',
      "architecture strings, or the benchmark's numbers of cells; five well-known cells by default",
    )
    .addOption(dataOption('sample'));

/** `ntkit regions CASE` */
export const regions = () =>
  withBackendOptions(
    new Command('regions')
      .description('linear regions of the network in a case file (.safetensors), among its samples')
      .argument('<case>'),
  ).addOption(repeatsOption());

/** `ntkit dynamics FILE`, and `ntkit dynamics --mlp WIDTHS` */
export const dynamics = () =>
  withBackendOptions(
    new Command('dynamics')
      .description(
        'how a network trains on the mean squared error of a batch: what its tangent kernel predicts, mode by mode, ' +
          'beside full-batch gradient descent itself',
      )
      .argument('[file]', 'a case (.safetensors) or an ONNX model'),
  )
    .addOption(
      new Option(
        '--mlp <widths>',
        'instead of a file a network of ReLUs: inputs, hidden layers, outputs, as 8,512,1',
      ).argParser(widths),
    )
    .addOption(seedOption())
    .option('--html <file>', 'write a page with predicted and real curves')
    .option('--images <source>', 'the batch, as for ntk')
    .addOption(
      new Option('--batch-size <count>', 'samples: the first of --images, or standard normal ones').argParser(
        integer(1),
      ),
    )
    .option('--targets <file>', 'an .npy file, samples by outputs; standard normal ones by default')
    .option('--output <name>', 'which output of an ONNX model; the first by default')
    .addOption(modeOption("the case's, eval for others"))
    .addOption(
      new Option('--learning-rate <number>', 'of gradient descent; half of the limit by default').argParser(
        real(Number.MIN_VALUE, Infinity),
      ),
    )
    .addOption(new Option('--momentum <number>', "PyTorch's").argParser(real(0, 1)).default(0))
    .option('--nesterov', "momentum is Nesterov's", false)
    .addOption(new Option('--steps <count>', 'of gradient descent').argParser(integer(1, 1_000_000)).default(200))
    .addOption(
      new Option(
        '--checkpoints <steps>',
        'steps at which kernel and κ are computed again, as 0,1,10,100: how far Θ turns, how well it fits the targets',
      ).argParser(checkpoints),
    )
    .option('--csv <file>', 'write the checkpoints as comma-separated values');

/** `ntkit run MODEL.onnx` */
export const run = () =>
  withBackendOptions(
    new Command('run').description('the outputs of an ONNX model for given inputs').argument('<model>'),
  )
    .addOption(
      new Option('--input <name=file...>', 'an input from an .npy file; the name may be left out where there is one')
        .default([] as string[])
        .argParser((text: string, before: string[]) => [...before, text]),
    )
    .addOption(
      new Option('--output <name...>', 'outputs; all by default')
        .default([] as string[])
        .argParser((text: string, before: string[]) => [...before, text]),
    )
    .option('--out <file>', 'write the output as an .npy file');

/** `ntkit inspect FILE` */
export const inspect = () =>
  new Command('inspect')
    .description('what is in a file: an ONNX model, .safetensors or .npy')
    .argument('<file>')
    .addOption(jsonOption());

/** `ntkit search` */
export const search = () =>
  withQueueOptions(withRegionOptions(withBackendOptions(new Command('search').description("TE-NAS's pruning search"))))
    .addOption(classesOption())
    .addOption(
      new Option('--space <name>', 'search space')
        .choices(['nas-bench-201', 'darts'] as const)
        .default('nas-bench-201' as const),
    )
    .addOption(dataOption('sample-1000'))
    .addOption(
      new Option('--fidelity <reading>', 'TE-NAS as its paper says, or as its code does')
        .choices(['paper', 'code'] as const)
        .default('paper' as const),
    )
    .addOption(
      new Option('--criteria <which>', 'what candidates are ranked by')
        .choices(['both', 'kappa', 'regions'] as const)
        .default('both' as const),
    )
    .option('--paired', 'all candidates of a round see the same weights and images: half the work, less noise', false)
    .addOption(new Option('--batch-size <count>', "images of a κ; TE-NAS's by default").argParser(integer(1)))
    .addOption(
      new Option('--prune-number <count>', "operations an edge loses in a round; TE-NAS's by default").argParser(
        integer(1),
      ),
    )
    .addOption(
      new Option('--repeats <count>', 'draws of a candidate').argParser(integer(1)).default(TE_NAS_COMMON.repeats),
    )
    .addOption(seedOption())
    .option('--out <folder>', 'keep the search there: state, history and page')
    .option('--resume', 'continue the search in that folder', false)
    .option('--html <file>', 'write a page with every round');

/** `ntkit sweep` */
export const sweep = () =>
  withQueueOptions(
    withNetworkOptions(
      withRegionOptions(
        withBackendOptions(
          new Command('sweep').description(
            'κ, linear regions, parameters and FLOPs of many NAS-Bench-201 cells, as a table',
          ),
        ),
      ),
      1,
    ),
  )
    .addOption(new Option('--count <number>', 'number of random cells').argParser(integer(1, CELL_COUNT)))
    .option('--all', `all ${CELL_COUNT.toLocaleString('en')} cells`, false)
    .option('--archs <file>', 'the architectures of a file, one a line')
    .option('--out <file>', 'the table (CSV); an existing one is continued', 'sweep.csv')
    .addOption(dataOption('sample-1000'))
    .addOption(seedOption());

/** `ntkit worker` */
export const worker = () =>
  withQueueServer(
    withBackendChoice(
      new Command('worker').description('measures what sweeps and searches with --queue ask for, here or anywhere'),
    ).addOption(dtypeOption()),
  )
    .addOption(
      new Option(
        '--data <source...>',
        'images that are here already, as for sweep and search; others come from the server',
      ).default([] as string[]),
    )
    .addOption(seedOption())
    .addOption(
      new Option(
        '--idle <seconds>',
        'seconds without a job after which it ends; by default it waits for ever',
      ).argParser(integer(1)),
    )
    .addOption(
      new Option('--lease <seconds>', 'seconds without a sign of its worker after which a job is taken again')
        .argParser(integer(1, 3600))
        .default(15),
    );

/** `ntkit queue status|pause|resume|drain` */
export const queue = () =>
  withQueueServer(
    new Command('queue')
      .description('what is on a queue; or pause its workers, resume them, or remove all jobs and results')
      .addArgument(new Argument('<action>').choices(['status', 'pause', 'resume', 'drain'] as const)),
  ).addOption(jsonOption());

/** `ntkit correlate RESULTS` */
export const correlate = () =>
  new Command('correlate')
    .description("rank correlation of a sweep's table with the true accuracies of NAS-Bench-201")
    .argument('<results>')
    .addOption(
      new Option('--dataset <name>', 'data set of the accuracies')
        .choices(['cifar10', 'cifar100', 'imagenet16-120'] as const satisfies typeof BENCHMARK_DATASETS)
        .default('cifar10' as const),
    )
    .addOption(
      new Option('--resamples <count>', 'resamples of the bootstrap intervals').argParser(integer(1)).default(1000),
    )
    .addOption(seedOption())
    .addOption(jsonOption())
    .option('--html <file>', 'write a page with scatter plots');

/** `ntkit doctor` */
export const doctor = () =>
  new Command('doctor')
    .description('which backends run here, on what, and how far each is off on a self-test')
    .addOption(jsonOption());

/** `ntkit lab` */
export const lab = () =>
  new Command('lab')
    .description('serve the laboratory, a page that computes kernels in the browser, on this machine until ^C')
    .addOption(
      new Option('--port <number>', 'where it listens; 4173 by default, or a free one').argParser(integer(1, 65535)),
    );

/** `ntkit verify`, and `ntkit verify --against FILE` */
export const verify = () =>
  withBackendChoice(
    new Command('verify').description(
      'laws of tensors, derivatives and kernels, each on random cases: which hold, and how well; ' +
        'or a kernel that other code computed: whether it is right, and which mistake explains it',
    ),
  )
    .addOption(new Option('--runs <count>', 'cases that a law is checked on').argParser(integer(1)).default(20))
    .option('--laws <names...>', 'only those whose name has one of these words in it')
    .addOption(seedOption())
    .option('--against <file>', 'the network of a kernel that other code computed: a case or an ONNX model')
    .option('--ntk <file>', 'that kernel: FILE.npy, or FILE.safetensors (tensor ntk); in the case by default')
    .option('--images <source>', 'its batch, as for ntk; that of the kernel or of the case by default')
    .option('--output <name>', 'which output of an ONNX model; the first by default')
    .addOption(modeOption('as the files say, or either'))
    .addOption(
      new Option('--outputs <which>', 'sum, trace, full, or the number of one output; any by default').argParser(
        outputs,
      ),
    )
    .addOption(
      new Option('--parameters <which>', 'weight, all, or /REGEX/ on names; any by default').argParser(parameters),
    )
    .addOption(
      new Option(
        '--dtype <precision>',
        'of the backend; with --against, in which it was computed, by default that of its numbers',
      ).choices(['float32', 'float64'] as const),
    )
    .addOption(
      new Option('--together <count>', 'how many mistakes are tried together; 2 by default').argParser(integer(1, 2)),
    )
    .addOption(jsonOption());
