import { useState } from 'preact/hooks';
import { ErrorLine } from '../../ui/errorLine.tsx';
import { Select, Slider } from '../../ui/fields.tsx';
import { FileDrop } from '../../ui/fileDrop.tsx';
import { dropPictures, pictures } from './computing.ts';
import { state, update } from './link.ts';
import type { CellBackend } from './request.ts';

const BACKEND_LABELS: Readonly<Record<CellBackend, string>> = {
  wasm: 'WebAssembly',
  webgl2: 'WebGL 2',
  webgpu: 'WebGPU',
};

/** Whether the browser has the API of a backend; whether there is a device turns out when it is opened. */
const IS_KNOWN: Readonly<Record<CellBackend, boolean>> = {
  wasm: true,
  webgl2: 'WebGL2RenderingContext' in globalThis,
  webgpu: 'gpu' in navigator,
};

/** Everything that κ depends on besides the cell. */
export function Settings() {
  const { channels, cells, batch, init, mode, seed, backend } = state.value;
  const [open] = useState(() => matchMedia('(min-width: 900px)').matches);
  return (
    <details class="panel settings" open={open} aria-label="Settings">
      <summary>
        Settings: C = {channels}, N = {cells}, {batch} images
      </summary>
      <Slider
        label="Channels C"
        help="Channels of the first stage; the later ones have 2C and 4C."
        value={channels}
        values={[2, 4, 8, 12, 16, 24, 32]}
        onChange={(next) => update({ channels: next })}
      />
      <Slider
        label="Cells N in a stage"
        help="There are three stages, with a reduction between them."
        {...{ value: cells, min: 1, max: 5 }}
        onChange={(next) => update({ cells: next })}
      />
      <Slider
        label="Batch"
        unit="images"
        help="Θ has a row and a column for each."
        value={batch}
        values={[2, 4, 8, 12, 16, 24, 32, 48, 64]}
        onChange={(next) => update({ batch: next })}
      />
      <Select
        label="Initialisation"
        value={init}
        options={[
          { value: 'paper', label: 'Kaiming normal, fan-out' },
          { value: 'code', label: 'PyTorch’s default' },
        ]}
        onChange={(next) => update({ init: next })}
      />
      <Select
        label="Batch norm"
        value={mode}
        options={[
          { value: 'train', label: 'by the batch (train mode)' },
          { value: 'eval', label: 'by running statistics (eval mode)' },
        ]}
        onChange={(next) => update({ mode: next })}
      />
      <div class="row">
        <SeedField seed={seed} />
        <button type="button" onClick={() => update({ seed: Math.floor(Math.random() * 1000) })}>
          Draw again
        </button>
      </div>
      <Select
        label="Computed by"
        value={backend}
        options={(['wasm', 'webgl2', 'webgpu'] as const).map((value) => ({
          ...{ value, disabled: !IS_KNOWN[value] },
          label: `${BACKEND_LABELS[value]}${IS_KNOWN[value] ? '' : ' (not in this browser)'}`,
        }))}
        onChange={(next) => update({ backend: next })}
      />
      <Pictures />
      <Command />
    </details>
  );
}

function SeedField({ seed }: { readonly seed: number }) {
  return (
    <div class="field">
      <label for="seed">Random seed of images and weights</label>
      <input
        id="seed"
        type="number"
        min={0}
        max={1_000_000}
        step={1}
        value={seed}
        onChange={({ currentTarget }) => {
          const next = currentTarget.valueAsNumber;
          if (Number.isInteger(next) && next >= 0 && next <= 1_000_000) update({ seed: next });
          else currentTarget.value = String(seed);
        }}
      />
    </div>
  );
}

/** Pictures instead of CIFAR-10's images. */
function Pictures() {
  const [failure, setFailure] = useState<string>();
  const take = (files: readonly File[]) => {
    setFailure(undefined);
    dropPictures(files).catch((error: unknown) => setFailure((error as Error).message));
  };
  const { count } = pictures.value;
  const taken = Math.min(count, state.value.batch);
  const first =
    taken < count
      ? `The first ${taken} of your ${count} pictures are`
      : count === 1
        ? 'Your picture begins'
        : `Your ${count} pictures begin`;
  return (
    <>
      <FileDrop label="Drop pictures here, or choose them" accept="image/*" multiple onFiles={take} />
      <ErrorLine message={failure} />
      <p class="muted small" aria-live="polite">
        {count === 0
          ? 'The images are from CIFAR-10. Pictures that you drop stay in this tab.'
          : `${first} the batch${taken < state.value.batch ? '; CIFAR-10’s images fill it' : ''}.`}
      </p>
      {count > 0 && (
        <button type="button" onClick={() => take([])}>
          CIFAR-10 alone
        </button>
      )}
    </>
  );
}

/** The command that computes the same κ. */
function Command() {
  const { arch, compare, channels, cells, batch, init, mode, seed, backend } = state.value;
  const archs = [arch, compare].filter((each) => each !== '').map((each) => `'${each}'`);
  const gpu = backend === 'wasm' ? '' : ' --backend gpu';
  return (
    <details>
      <summary>The same from the command line</summary>
      <code class="command" tabIndex={0}>
        ntkit score --arch {archs.join(' ')} --channels {channels} --cells {cells} --batch-size {batch} --repeats 1
        --init {init} --mode {mode} --seed {seed}
        {gpu}
      </code>
      {pictures.value.count > 0 && (
        <p class="muted small">
          The command does not have your pictures: it uses CIFAR-10’s images instead. Save the case file, and{' '}
          <code>ntkit ntk cell.safetensors</code> computes the same κ.
        </p>
      )}
    </details>
  );
}
