import { encodeNpy } from 'ntkit/data';
import type { NDArray } from 'ntkit/tensor';

/** Saves something as a file. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const anchor = document.createElement('a');
  [anchor.href, anchor.download] = [url, name];
  anchor.click();
  // By then the browser has started to read it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A table as CSV (RFC 4180). */
export function csvBlob(head: readonly string[], rows: readonly (readonly (string | number)[])[]): Blob {
  const field = (value: string | number) =>
    /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
  const lines = [head, ...rows].map((row) => row.map(field).join(','));
  return new Blob([lines.join('\r\n'), '\r\n'], { type: 'text/csv' });
}

/** An array as an NPY file. */
export function npyBlob(array: NDArray): Blob {
  return new Blob([encodeNpy(array) as Uint8Array<ArrayBuffer>], { type: 'application/octet-stream' });
}

/** What a canvas shows, on the page's background. */
export async function canvasPng(canvas: HTMLCanvasElement): Promise<Blob> {
  const copy = document.createElement('canvas');
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext('2d')!;
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(canvas, 0, 0);
  return pngOf(copy);
}

/** A drawing as a file of its own, with the values of the page's CSS variables written into it. */
export function svgBlob(svg: SVGSVGElement): Blob {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const [originals, copies] = [svg.querySelectorAll('*'), copy.querySelectorAll('*')];
  const resolve = (from: Element, to: Element) => {
    const style = getComputedStyle(from);
    for (const name of ['fill', 'stroke', 'color', 'font-family', 'font-size']) {
      const written = from.getAttribute(name) ?? '';
      if (written.includes('var(') || written === 'currentColor' || from === svg)
        to.setAttribute(name, style.getPropertyValue(name));
    }
  };
  resolve(svg, copy);
  originals.forEach((element, i) => resolve(element, copies[i]));
  copy.style.background = getComputedStyle(document.body).backgroundColor;
  copy.style.color = getComputedStyle(svg).color;
  return new Blob([new XMLSerializer().serializeToString(copy)], { type: 'image/svg+xml' });
}

/** A drawing as a bitmap with two pixels for each CSS pixel. */
export async function svgPng(svg: SVGSVGElement): Promise<Blob> {
  const { width, height } = svg.getBoundingClientRect();
  const url = URL.createObjectURL(svgBlob(svg));
  try {
    const image = new Image(2 * width, 2 * height);
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [2 * width, 2 * height];
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await pngOf(canvas);
  } finally {
    URL.revokeObjectURL(url);
  }
}

function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('PNG: the picture is too large'))), 'image/png');
  });
}
