import { formatCount } from 'ntkit/report';
import { isOwn } from './computing.ts';
import { EXAMPLES } from './examples.ts';
import type { Inventory } from './request.ts';

/** What is in the file. */
export function Contents({ open }: { readonly open: Inventory }) {
  const { file, bytes, facts, layers, parameters } = open;
  const example = isOwn.value ? undefined : EXAMPLES.find((each) => each.file === file);
  const largest = Math.max(1, ...layers.map(({ numbers }) => numbers));
  return (
    <section class="panel wide" aria-label="What is in the file">
      <h2 class="file-name" data-testid="file">
        {file} <span class="muted small">{sizeText(bytes)}</span>
      </h2>
      {example && (
        <p class="muted small">
          {example.title}: {example.about}.
        </p>
      )}
      <div class="contents">
        <dl class="facts">
          {facts.map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <div class="scroll layers" tabIndex={0} role="region" aria-label="Layers with parameters">
          <table class="numbers">
            <caption class="sr-only">
              {layers.length} layers with {formatCount(parameters)} numbers in their parameters
            </caption>
            <thead>
              <tr>
                <th scope="col">layer</th>
                <th scope="col" class="text">
                  tensors
                </th>
                <th scope="col">numbers</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {layers.map(({ name, tensors, numbers }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td class="text">
                    {tensors.map((tensor) => (
                      <span key={tensor.name} class="tensor">
                        {tensor.name} <span class="muted">[{tensor.shape.join(', ')}]</span>
                      </span>
                    ))}
                  </td>
                  <td>{formatCount(numbers)}</td>
                  <td class="share">
                    <span class="bar" style={{ width: `${(100 * numbers) / largest}%` }} aria-hidden="true" />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </section>
  );
}

function sizeText(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
