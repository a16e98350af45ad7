import { byteSize, type Field, placedFields, type Struct } from '../src/tensor/backends/wasm/struct.ts';

// Writes the tables of the WebAssembly kernels (src/tensor/backends/wasm/tables.ts) in AssemblyScript: a class for each,
// whose accessors read the fields where `encode` writes them.

/** The name of the constant that holds a struct's size: `PHASE_BYTES` of `Phase`. */
const bytesName = (name: string) => `${name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()}_BYTES`;

const getter = (name: string, type: string, body: string) => `  @inline get ${name}(): ${type} { return ${body}; }`;
const AT = 'changetype<usize>(this)';

function accessors(name: string, field: Field, offset: number, writable: boolean): string[] {
  if (field === 'bool') return [getter(name, 'bool', `load<i32>(${AT}, ${offset}) != 0`)];
  if (typeof field === 'string') {
    const read = getter(name, field, `load<${field}>(${AT}, ${offset})`);
    const write = `  @inline set ${name}(value: ${field}) { store<${field}>(${AT}, value, ${offset}); }`;
    return writable ? [read, write] : [read];
  }
  if (!('element' in field)) return [getter(name, field.name, `changetype<${field.name}>(${AT} + ${offset})`)];
  const { element } = field;
  const [type, read] =
    typeof element === 'string'
      ? [element, (at: string) => `load<${element}>(${at})`]
      : [element.name, (at: string) => `changetype<${element.name}>(${at})`];
  return [
    getter(name, 'usize', `${AT} + load<u32>(${AT}, ${offset})`),
    getter(`${name}Length`, 'i32', `load<i32>(${AT}, ${offset + 4})`),
    `  @inline ${name}At(i: i32): ${type} { return ${read(`this.${name} + <usize>i * ${byteSize(element)}`)}; }`,
  ];
}

/** The AssemblyScript source of structs and constants. A struct of only numbers can be written, too. */
export function assemblyTables(structs: readonly Struct[], constants: Readonly<Record<string, number>>): string {
  const classOf = (layout: Struct) => {
    const writable = Object.values(layout.fields).every((field) => typeof field === 'string' && field !== 'bool');
    const body = placedFields(layout).flatMap(({ name, field, offset }) => accessors(name, field, offset, writable));
    return [
      `export const ${bytesName(layout.name)}: usize = ${byteSize(layout)};`,
      `@unmanaged export class ${layout.name} {`,
      ...body,
      '}\n',
    ].join('\n');
  };
  const shared = Object.entries(constants).map(([name, value]) => `export const ${name}: i32 = ${value};\n`);
  return [...shared, '\n', ...structs.map(classOf)].join('');
}
