/**
 * The bytes of a file that lies beside the page.
 *
 * @throws an Error of one line that names the file when it is not there, or does not arrive.
 */
export async function fetched(url: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  const path = String(url);
  const name = path.slice(path.lastIndexOf('/') + 1);
  let response: Response;
  try {
    response = await fetch(url);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new Error(`${name}: the file did not arrive; is this device online?`, { cause: error });
  }
  throw new Error(`${name}: expected a file, got ${response.status} ${response.statusText} for ${path}`);
}
