import { useRef, useState } from 'preact/hooks';

/** A place to drop files, or to choose them by a click or a key. */
export function FileDrop({
  label,
  accept,
  multiple = false,
  onFiles,
}: {
  /** What may be dropped: "Drop pictures here, or choose them". */
  readonly label: string;
  /** The attribute of a file input: `.onnx,.safetensors`. */
  readonly accept: string;
  readonly multiple?: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = (files: FileList | null | undefined) => {
    if (files && files.length > 0) onFiles(multiple ? [...files] : [files[0]]);
  };
  return (
    <label
      class={`drop${over ? ' over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      }}
    >
      {label}
      <input
        ref={input}
        class="sr-only"
        type="file"
        accept={accept}
        multiple={multiple}
        onChange={({ currentTarget }) => {
          take(currentTarget.files);
          currentTarget.value = ''; // so that choosing the same file again is a change
        }}
      />
    </label>
  );
}
