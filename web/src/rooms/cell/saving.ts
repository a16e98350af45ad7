import type { ConditionNumber } from 'ntkit/ntk';
import { canvasPng, csvBlob, npyBlob, svgBlob, svgPng } from '../../ui/exports.ts';
import type { ExportItem } from '../../ui/exportMenu.tsx';
import type { Result } from './request.ts';

/** The drawings of a cell, filled in as they are drawn. */
export interface Drawings {
  matrix?: HTMLCanvasElement;
  spectrum?: SVGSVGElement;
}

/** What can be saved of a result. */
export function savings(result: Result, drawings: Drawings, caseFile: () => Promise<Uint8Array>): ExportItem[] {
  const { ntk, view } = result;
  const n = ntk.kernel.shape[0];
  const present = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('not drawn yet');
    return value;
  };
  return [
    { label: 'Θ, NumPy array (NPY)', file: 'theta.npy', make: () => npyBlob(ntk.kernel) },
    {
      ...{ label: 'Θ, table (CSV)', file: 'theta.csv' },
      make: () =>
        csvBlob(
          ['', ...view.names],
          Array.from({ length: n }, (_, i) => [view.names[i], ...ntk.kernel.data.subarray(i * n, (i + 1) * n)]),
        ),
    },
    { label: 'Θ, picture (PNG)', file: 'theta.png', make: () => canvasPng(present(drawings.matrix)) },
    { label: 'Eigenvalues, table (CSV)', file: 'eigenvalues.csv', make: () => spectrumCsv(ntk) },
    { label: 'Spectrum, drawing (SVG)', file: 'spectrum.svg', make: () => svgBlob(present(drawings.spectrum)) },
    { label: 'Spectrum, picture (PNG)', file: 'spectrum.png', make: () => svgPng(present(drawings.spectrum)) },
    {
      ...{ label: 'Network and images, case file', file: 'cell.safetensors' },
      make: async () => new Blob([(await caseFile()) as Uint8Array<ArrayBuffer>]),
    },
  ];
}

function spectrumCsv({ eigenvalues }: ConditionNumber): Blob {
  return csvBlob(
    ['rank', 'eigenvalue'],
    [...eigenvalues].reverse().map((value, i) => [i + 1, value]),
  );
}
