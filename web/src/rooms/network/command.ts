import { inventory, mode, source } from './computing.ts';
import { state } from './link.ts';

/** The line of the command that computes the same, as far as the command has the images. */
export function commandOf(): string {
  const { batch, seed, outputs, parameters, dtype, backend } = state.value;
  const quoted = (text: string) => (/^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  const images = { file: [], normal: [], sample: ['--images sample'], dropped: ['--images FILE.npy'] }[source.value];
  const isGpu = backend === 'webgl2' || backend === 'webgpu';
  const own = source.value === 'file' && batch >= (inventory.value?.ownBatch ?? 0);
  return [
    `ntkit ntk ${quoted(inventory.value?.file ?? 'FILE')}`,
    ...images,
    ...(own ? [] : [`--batch-size ${batch}`]),
    ...(seed === 0 ? [] : [`--seed ${seed}`]),
    `--mode ${mode.value}`,
    ...(outputs === 'sum' ? [] : [`--outputs ${outputs}`]),
    ...(parameters === 'weight' ? [] : [`--parameters ${quoted(parameters)}`]),
    ...(isGpu ? ['--backend gpu'] : backend === 'reference' ? ['--backend reference'] : []),
    ...(!isGpu && dtype === 'float64' ? ['--dtype float64'] : []),
    ...(!isGpu && backend === 'reference' && dtype === 'float32' ? ['--dtype float32'] : []),
  ].join(' ');
}
