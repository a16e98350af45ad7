import { useState } from 'preact/hooks';
import { Select, Slider } from '../../ui/fields.tsx';
import { ACTIVATIONS, hasInfiniteKernel } from './activations.ts';
import { RATES, samples, state, update, WIDTHS } from './link.ts';
import { EXTENT, MOST_SAMPLES, PROBLEM_NAMES, PROBLEMS, type Sample } from './problem.ts';
import { formatSamples, withoutSample, withSample } from './samples.ts';

/** The position of the limit on the slider, in percent. */
const LIMIT = (100 * RATES.indexOf(1)) / (RATES.length - 1);

/** Everything that a run depends on. */
export function Settings() {
  const { problem, width, depth, activation, rate, seed } = state.value;
  return (
    <section class="panel settings" aria-label="Settings">
      <Select
        label="Problem"
        value={problem}
        options={PROBLEM_NAMES.map((value) => {
          const { title, inputs } = PROBLEMS[value];
          return { value, label: `${inputs === 1 ? '1-D' : '2-D'}: ${title}` };
        })}
        onChange={(value) => update({ problem: value, samples: '' })}
      />
      <Slider
        label="Width"
        unit="units a layer"
        help="Units in each hidden layer. The wider the network, the closer it stays to the prediction"
        value={width}
        values={WIDTHS}
        min={WIDTHS[0]}
        max={1024}
        onChange={(value) => update({ width: value })}
      />
      <Slider
        label="Depth"
        unit={depth === 1 ? 'hidden layer' : 'hidden layers'}
        value={depth}
        min={1}
        max={4}
        onChange={(value) => update({ depth: value })}
      />
      <Select
        label="Activation"
        value={activation}
        options={ACTIVATIONS.map((value) => ({
          value,
          label: hasInfiniteKernel(value) ? value : `${value} (no formula at infinite width)`,
        }))}
        onChange={(value) => update({ activation: value })}
      />
      <div class="rate">
        <Slider
          label="Learning rate"
          unit="× 2/λmax"
          help="As a multiple of the limit beyond which the linearised network diverges"
          value={rate}
          values={RATES}
          min={RATES[0]}
          max={RATES[RATES.length - 1]}
          format={(value) => value.toFixed(2)}
          onChange={(value) => update({ rate: value })}
        />
        <div class="limit" aria-hidden="true">
          <span class="beyond" style={{ left: `${LIMIT}%` }} />
          <span class={`mark ${rate > 1 ? 'passed' : ''}`} style={{ left: `${LIMIT}%` }}>
            ▲ limit
          </span>
        </div>
      </div>
      <div class="seed">
        <label>
          Seed
          <input
            type="number"
            min={0}
            max={1_000_000}
            value={seed}
            onChange={({ currentTarget }) => {
              const value = Math.round(Number(currentTarget.value));
              if (value >= 0 && value <= 1_000_000) update({ seed: value });
              else currentTarget.value = String(seed);
            }}
          />
        </label>
        <button type="button" class="secondary outline" onClick={() => update({ seed: (seed + 1) % 1_000_001 })}>
          Another draw
        </button>
      </div>
      <Samples />
    </section>
  );
}

/** The samples as numbers: everything that clicks in a picture do, by keyboard. */
function Samples() {
  const present = samples.value;
  const inputs = present[0].x.length;
  const names = inputs === 1 ? ['x', 'y'] : ['x₁', 'x₂', 'y'];
  const [numbers, setNumbers] = useState<readonly number[]>([0, 0, 1]);
  const set = (next: readonly Sample[]) => update({ samples: formatSamples(next) });
  const add = (event: Event) => {
    event.preventDefault();
    const values = numbers.slice(0, inputs + 1);
    set(withSample(present, { x: values.slice(0, inputs), y: values[inputs] }));
  };
  return (
    <details class="samples">
      <summary>
        Samples: {present.length} of {MOST_SAMPLES} at most
      </summary>
      <form onSubmit={add}>
        {names.map((name, i) => (
          <label key={name}>
            {name}
            <input
              type="number"
              min={-EXTENT}
              max={EXTENT}
              step={0.01}
              required
              value={numbers[i]}
              onInput={({ currentTarget }) =>
                setNumbers(numbers.map((old, at) => (at === i ? Number(currentTarget.value) : old)))
              }
            />
          </label>
        ))}
        <button type="submit" class="secondary" disabled={present.length >= MOST_SAMPLES}>
          Add
        </button>
      </form>
      <ul>
        {present.map(({ x, y }, i) => (
          <li key={String(x)}>
            <span>
              ({x.join(', ')}) → {y}
            </span>
            <button
              type="button"
              class="quiet"
              disabled={present.length === 1}
              aria-label={`Remove the sample at ${x.join(', ')}`}
              onClick={() => set(withoutSample(present, i))}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
