/** How files that people take for another kind begin. */
const MAGIC: readonly (readonly [begins: readonly number[], kind: string])[] = [
  [[0x50, 0x4b, 3, 4], 'a ZIP archive (an NPZ file, or a PyTorch checkpoint of torch.save)'],
  [[0x50, 0x4b, 5, 6], 'an empty ZIP archive'],
  [[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], 'an NPY file'],
  [[0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a], 'an HDF5 file'],
  [[0x47, 0x47, 0x55, 0x46], 'a GGUF file'],
  [[0x1f, 0x8b], 'a gzip file'],
  [[0x89, 0x50, 0x4e, 0x47], 'a PNG image'],
  [[0xff, 0xd8, 0xff], 'a JPEG image'],
  [[0x25, 0x50, 0x44, 0x46], 'a PDF document'],
];

/** How texts that people take for another kind begin, white space before and letter case aside. */
const TEXTS: readonly (readonly [begins: RegExp, kind: string])[] = [
  [/^version https:\/\/git-lfs/, 'a git-LFS pointer (git lfs pull fetches the file itself)'],
  [/^(<!doctype html|<html|<head)/, 'an HTML page'],
  [/^<\?xml/, 'an XML document'],
  [/^[[{]/, 'a JSON text'],
];

/** The most bytes that are looked at. */
const LOOKED_AT = 512;

/**
 * What a file looks like from its first bytes, for the message that it is not what was expected; undefined where nothing is
 * recognised.
 */
export function fileKind(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'an empty file';
  const magic = MAGIC.find(([begins]) => begins.every((byte, i) => bytes[i] === byte));
  if (magic) return magic[1];
  if (bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5) return 'a Python pickle';
  if (looksLikeOnnx(bytes)) return 'an ONNX model';
  const head = bytes.subarray(0, LOOKED_AT);
  // Text has no control characters but tab, line feed and carriage return.
  if (head.some((byte) => byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13)) return undefined;
  const text = new TextDecoder().decode(head).trimStart().toLowerCase();
  return TEXTS.find(([begins]) => begins.test(text))?.[1] ?? 'a text';
}

/**
 * An ONNX model is a protocol buffer without a magic number. Every writer puts first field 1, `ir_version`, a small varint;
 * one of the texts of fields 2 to 6 (producer, domain, documentation), or the graph, field 7, follows.
 */
function looksLikeOnnx([field, version, next]: Uint8Array): boolean {
  return field === 0x08 && version >= 1 && version <= 30 && [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a].includes(next);
}
