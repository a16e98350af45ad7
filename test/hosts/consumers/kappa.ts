import { cellNetwork, initialize, kaimingNormal, parseGenotype, withZeroBias } from 'ntkit/nn';
import { computeNtk } from 'ntkit/ntk';
import { type Backend, Generator } from 'ntkit/tensor';

// The computation of an application, the same lines in every host. All its operations are rounded the same on every
// machine: the same backend with the same number of threads gives the same bits.

const CELL = '|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|';

/** A NAS-Bench-201 network of C channels, and images of a width, in pixels. */
export interface Problem {
  readonly channels: number;
  readonly width: number;
}

/** For a reference backend, too. */
export const SMALL: Problem = { channels: 3, width: 8 };
/** 16 images of CIFAR-10's size. */
export const CIFAR_SIZED: Problem = { channels: 8, width: 32 };

/** κ of a network and 16 random images. No backend is named where none is given. */
export async function kappa({ channels, width }: Problem, backend?: Backend): Promise<number> {
  const network = cellNetwork(parseGenotype(CELL), { channels, cells: 1, classes: 10, depth: -1, useStem: true });
  initialize(network, withZeroBias(kaimingNormal('fan-out')), new Generator(0));
  const images = new Generator(1).normals([16, 3, width, width], { dtype: 'float32' });
  const { kappa } = backend ? await computeNtk(network, images, { backend }) : await computeNtk(network, images);
  return kappa;
}
