/** What is wrong, in one line; nothing where nothing is. */
export function ErrorLine({ message }: { readonly message: string | undefined }) {
  return (
    <div role="alert" class="error-line" hidden={message === undefined}>
      {message}
    </div>
  );
}
