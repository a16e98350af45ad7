import { useRef, useState } from 'preact/hooks';
import { ErrorLine } from './errorLine.tsx';
import { download } from './exports.ts';

/** One thing that can be saved. */
export interface ExportItem {
  /** What it is: `Θ as NPY`. */
  readonly label: string;
  /** The name of the file. */
  readonly file: string;
  readonly make: () => Blob | Promise<Blob>;
}

/** A menu of what can be saved as files. */
export function ExportMenu({
  items,
  label = 'Save',
}: {
  readonly items: readonly ExportItem[];
  readonly label?: string;
}) {
  const menu = useRef<HTMLDetailsElement>(null);
  const [failure, setFailure] = useState<string>();
  const save = async ({ make, file }: ExportItem) => {
    menu.current!.open = false;
    menu.current!.querySelector('summary')!.focus();
    setFailure(undefined);
    try {
      download(await make(), file);
    } catch (error) {
      setFailure(`${file}: ${(error as Error).message}`);
    }
  };
  return (
    <>
      <details
        class="dropdown export"
        ref={menu}
        onKeyDown={({ key, currentTarget }) => key === 'Escape' && (currentTarget.open = false)}
        onFocusOut={({ currentTarget, relatedTarget }) => {
          if (relatedTarget && !currentTarget.contains(relatedTarget as Node)) currentTarget.open = false;
        }}
      >
        <summary>{label}</summary>
        <ul>
          {items.map((item) => (
            <li key={item.label}>
              <button type="button" onClick={() => void save(item)}>
                {item.label}
              </button>
            </li>
          ))}
        </ul>
      </details>
      <ErrorLine message={failure} />
    </>
  );
}
