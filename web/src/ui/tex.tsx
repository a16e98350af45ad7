import { useEffect, useRef, useState } from 'preact/hooks';

/** A formula in TeX. KaTeX is loaded with the first formula; until then the source is shown. */
export function Tex({ children, block = false }: { readonly children: string; readonly block?: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let current = true;
    Promise.all([import('katex'), import('katex/dist/katex.min.css')]).then(
      ([{ default: katex }]) => {
        // Screen readers read the MathML beside the drawing.
        if (current && place.current)
          katex.render(children, place.current, { displayMode: block, throwOnError: false });
      },
      () => setFailed(true),
    );
    return () => void (current = false);
  }, [children, block]);
  if (failed) return <code>{children}</code>;
  return (
    <span class={block ? 'tex-block' : undefined} ref={place}>
      {children}
    </span>
  );
}
