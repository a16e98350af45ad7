import { InputError } from '../../errors.ts';

/** The address of a Redis server, and the user. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** The number of the database. */
  readonly database: number;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  /** The address for people: without user and password. */
  readonly label: string;
}

const EXPECTED = 'redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS';

/**
 * Reads the URL of a Redis server. No message quotes it: there may be a password in it.
 *
 * @param password in place of the URL's, where that has none.
 * @throws InputError when it is no such URL.
 */
export function parseAddress(text: string, password?: string): Address {
  const url = parsed(text);
  if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') {
    throw new InputError(`queue: expected ${EXPECTED}, got something else`);
  }
  if (url.search !== '' || url.hash !== '') {
    throw new InputError(`queue: expected ${EXPECTED}, got more after the database number`);
  }
  const [, digits] = /^\/?(\d{0,5})$/.exec(url.pathname) ?? [];
  if (digits === undefined) throw new InputError(`queue: expected the number of a database after /, as in ${EXPECTED}`);
  const [host, port, database] = [url.hostname.replace(/^\[(.*)\]$/, '$1'), Number(url.port || 6379), Number(digits)];
  const secret = decoded(url.password) || password;
  return {
    ...{ host, port, database, tls: url.protocol === 'rediss:' },
    ...(url.username !== '' && { username: decoded(url.username) }),
    ...(secret && { password: secret }),
    label: `${url.protocol}//${url.hostname}:${port}/${database}`,
  };
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a % that is no escape
  }
}
