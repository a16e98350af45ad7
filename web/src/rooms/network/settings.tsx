import { type BackendName, isGpu } from '../../backendNames.ts';
import { ErrorLine } from '../../ui/errorLine.tsx';
import { FileDrop } from '../../ui/fileDrop.tsx';
import { Select, Slider } from '../../ui/fields.tsx';
import { useId, useState } from 'preact/hooks';
import { droppedImages, imagesFailure, isOwn, mode, openExample, openFiles, source, takeImages } from './computing.ts';
import { EXAMPLES } from './examples.ts';
import { isParameters, state, update } from './link.ts';
import type { Inventory, Source } from './request.ts';

/** Where a network comes from. */
export function Opening() {
  const { example } = state.value;
  return (
    <section class="panel" aria-label="Network">
      <FileDrop
        label="Drop an ONNX model or a case here, or choose one"
        accept=".onnx,.safetensors,.data,.bin"
        multiple
        onFiles={(files) => void openFiles(files)}
      />
      <p class="muted small">
        <code>.onnx</code> as PyTorch exports it, with its weights; <code>.safetensors</code> as a case of ntkit.
      </p>
      <fieldset class="examples">
        <legend>Or begin with</legend>
        {EXAMPLES.map(({ name, title, about }) => (
          <button
            key={name}
            type="button"
            class="example"
            aria-pressed={!isOwn.value && example === name}
            onClick={() => {
              update({ example: name });
              if (isOwn.value) void openExample(name);
            }}
          >
            <b>{title}</b>
            <span>{about}</span>
          </button>
        ))}
      </fieldset>
    </section>
  );
}

const SOURCE_NAMES: Readonly<Record<Source, string>> = {
  file: 'the file’s own batch',
  sample: 'CIFAR-10, 256 images',
  normal: 'standard normal numbers',
  dropped: 'dropped in',
};

const BACKEND_NAMES: Readonly<Record<BackendName, string>> = {
  wasm: 'WebAssembly, all threads',
  reference: 'plain loops (reference)',
  webgl2: 'WebGL 2',
  webgpu: 'WebGPU',
};

/** Powers of two and values between them. */
const SIZES = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

/** The settings of the kernel. */
export function Settings({ open }: { readonly open: Inventory }) {
  const { batch, seed, outputs, parameters, backend, dtype, by } = state.value;
  const kind = /^\d+$/.test(outputs) ? 'one' : outputs;
  return (
    <details class="panel settings" open={matchMedia('(min-width: 900px)').matches}>
      <summary>Settings of the kernel</summary>
      <Select
        label="Images"
        value={source.value}
        options={(Object.keys(SOURCE_NAMES) as Source[])
          .filter((each) => each !== 'dropped' || droppedImages.value !== undefined || source.value === 'dropped')
          .map((value) => ({
            value,
            label: value === 'dropped' ? (droppedImages.value ?? SOURCE_NAMES.dropped) : SOURCE_NAMES[value],
            disabled: value === 'file' && open.ownBatch < 2,
          }))}
        onChange={(images) => update({ images })}
      />
      <FileDrop
        label="Drop pictures, or a batch as .npy"
        accept="image/*,.npy"
        multiple
        onFiles={(files) => void takeImages(files)}
      />
      <ErrorLine message={imagesFailure.value} />
      <Slider
        label="Batch, at most"
        unit="samples"
        {...{ value: batch, min: 2, max: 64, values: SIZES }}
        onChange={(next) => update({ batch: next })}
      />
      <NumberField label="Seed" value={seed} max={1_000_000} onChange={(next) => update({ seed: next })} />
      <Select
        label="Batch norm"
        value={mode.value}
        options={[
          { value: 'eval', label: 'by running statistics (eval)' },
          { value: 'train', label: 'by the batch (train)' },
        ]}
        onChange={(next) => update({ mode: next })}
      />
      <Select
        label="Outputs"
        value={kind}
        options={[
          { value: 'sum', label: 'sum of the outputs, as in TE-NAS' },
          { value: 'trace', label: 'trace: sum of the outputs’ kernels' },
          { value: 'full', label: 'full: all pairs of outputs' },
          { value: 'one', label: 'one output' },
        ]}
        onChange={(next) => update({ outputs: next === 'one' ? '0' : next })}
      />
      {kind === 'one' && (
        <NumberField
          label="Number of the output, from 0"
          value={Number(outputs)}
          max={(open.outputs ?? 1_000_000) - 1}
          onChange={(next) => update({ outputs: String(next) })}
        />
      )}
      <Parameters value={parameters} />
      <Select
        label="Computed by"
        value={backend}
        options={(Object.keys(BACKEND_NAMES) as BackendName[]).map((value) => ({ value, label: BACKEND_NAMES[value] }))}
        onChange={(next) => update({ backend: next })}
      />
      <Select
        label="Precision of rows"
        value={isGpu(backend) ? 'float32' : dtype}
        options={[
          { value: 'float32', label: 'float32' },
          { value: 'float64', label: 'float64', disabled: isGpu(backend) },
        ]}
        onChange={(next) => update({ dtype: next })}
      />
      <Select
        label="Contributions by"
        value={by}
        options={[
          { value: 'layer', label: 'layer' },
          { value: 'parameter', label: 'parameter tensor' },
          { value: 'edge', label: 'edge of a cell' },
        ]}
        onChange={(next) => update({ by: next })}
      />
    </details>
  );
}

/** The parameters of the kernel. */
function Parameters({ value }: { readonly value: string }) {
  const kind = value === 'weight' || value === 'all' ? value : 'some';
  const [typed, setTyped] = useState<string>();
  const id = useId();
  const text = typed ?? value;
  return (
    <>
      <Select
        label="Parameters"
        value={kind}
        options={[
          { value: 'weight', label: 'whose name contains weight' },
          { value: 'all', label: 'all' },
          { value: 'some', label: 'by a regular expression' },
        ]}
        onChange={(next) => {
          setTyped(undefined);
          update({ parameters: next === 'some' ? '/weight$/' : next });
        }}
      />
      {kind === 'some' && (
        <div class="field">
          <label for={id}>Names that match</label>
          <input
            id={id}
            type="text"
            value={text}
            spellcheck={false}
            aria-invalid={isParameters(text) ? undefined : 'true'}
            onInput={({ currentTarget }) => {
              const next = currentTarget.value;
              if (!isParameters(next)) return setTyped(next);
              setTyped(undefined);
              update({ parameters: next });
            }}
          />
          {!isParameters(text) && <small class="muted">a regular expression between slashes, /^layer1/</small>}
        </div>
      )}
    </>
  );
}

/** A whole number from 0. */
function NumberField({
  label,
  value,
  max,
  onChange,
}: {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        inputMode="numeric"
        {...{ min: 0, max, step: 1, value }}
        onChange={({ currentTarget }) => {
          const next = Number(currentTarget.value);
          if (currentTarget.value !== '' && Number.isInteger(next) && next >= 0 && next <= max) onChange(next);
          else currentTarget.value = String(value);
        }}
      />
    </div>
  );
}
