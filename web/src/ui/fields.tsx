import { useId } from 'preact/hooks';

/** A slider whose label, value and unit are always shown. */
export function Slider({
  label,
  value,
  min = 0,
  max = 100,
  step = 1,
  values,
  unit,
  help,
  format = String,
  onChange,
}: {
  readonly label: string;
  readonly value: number;
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  /** The values to choose from, ascending, where they are not evenly spaced: powers of two, a log scale. */
  readonly values?: readonly number[];
  readonly unit?: string;
  /** One sentence that explains it. */
  readonly help?: string;
  readonly format?: (value: number) => string;
  readonly onChange: (value: number) => void;
}) {
  const id = useId();
  const place = values ? nearest(values, value) : value;
  const told = `${format(value)}${unit === undefined ? '' : ` ${unit}`}`;
  return (
    <div class="field">
      <div class="label">
        <label for={id} title={help}>
          {label}
        </label>
        {/* A screen reader has it of the slider. */}
        <span aria-hidden="true">{told}</span>
      </div>
      <input
        id={id}
        type="range"
        title={help}
        min={values ? 0 : min}
        max={values ? values.length - 1 : max}
        step={values ? 1 : step}
        value={place}
        aria-valuetext={told}
        onInput={({ currentTarget }) => {
          const at = Number(currentTarget.value);
          onChange(values ? values[at] : at);
        }}
      />
    </div>
  );
}

function nearest(values: readonly number[], value: number): number {
  let best = 0;
  for (const [i, each] of values.entries()) if (Math.abs(each - value) < Math.abs(values[best] - value)) best = i;
  return best;
}

/** A choice of one option among a few. */
export function Select<T extends string>({
  label,
  value,
  options,
  help,
  onChange,
}: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string; readonly disabled?: boolean }[];
  readonly help?: string;
  readonly onChange: (value: T) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} title={help}>
        {label}
      </label>
      <select id={id} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value as T)}>
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled ?? false}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A switch. */
export function Toggle({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
}) {
  return (
    <label class="toggle">
      <input
        type="checkbox"
        role="switch"
        checked={value}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      {label}
    </label>
  );
}
