import type { Inventory, KernelRequest } from './request.ts';

const quoted = (text: string) => (/^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** The command line that computes the same, as far as the command has the images. */
export function commandOf(
  { file: name, ownBatch }: Pick<Inventory, 'file' | 'ownBatch'>,
  { batch: { source, size, seed }, mode, outputs, parameters, backend, dtype }: KernelRequest,
): string {
  const file = quoted(name);
  const isWhole = source === 'file' && size >= ownBatch;
  // Given only a size, the command draws normal numbers: to take the file's first samples, name the file as the image
  // source.
  const images = {
    ...{ file: isWhole ? [] : [`--images ${file}`], normal: [], sample: ['--images sample'] },
    dropped: ['--images FILE.npy'],
  }[source];
  const isGpu = backend === 'webgl2' || backend === 'webgpu';
  return [
    `ntkit ntk ${file}`,
    ...images,
    ...(isWhole ? [] : [`--batch-size ${size}`]),
    ...(seed === 0 ? [] : [`--seed ${seed}`]),
    `--mode ${mode}`,
    ...(outputs === 'sum' ? [] : [`--outputs ${outputs}`]),
    ...(parameters === 'weight' ? [] : [`--parameters ${quoted(parameters)}`]),
    ...(isGpu ? ['--backend gpu'] : backend === 'reference' ? ['--backend reference'] : []),
    ...(!isGpu && dtype === 'float64' ? ['--dtype float64'] : []),
    ...(!isGpu && backend === 'reference' && dtype === 'float32' ? ['--dtype float32'] : []),
  ].join(' ');
}
