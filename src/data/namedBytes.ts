/** The content of a file, with the name that messages give it. What reads it knows neither disks nor networks. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}
