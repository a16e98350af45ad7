/** A value that a Python literal stands for: the few kinds that NumPy's headers are made of. */
export type PythonLiteral = string | number | boolean | null | PythonLiteral[] | Map<string, PythonLiteral>;

/** How deep lists are read within each other: those of a header of NumPy's are three at most. */
const DEEPEST = 32;

/** Text in either quotes (with the u that Python 2 wrote), a whole number (with the L that Python 2 wrote), a word, or one sign. */
const TOKEN =
  /\s*(?:[uU]?'((?:[^'\\]|\\.)*)'|[uU]?"((?:[^"\\]|\\.)*)"|(-?\d+)[lL]?(?![\w.])|([A-Za-z]+)|([[\](){}:,]))/sy;

const WORDS: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null };

/**
 * Reads a literal of Python as `ast.literal_eval` does: texts, whole numbers, True, False, None, and tuples, lists and
 * dictionaries of them. Tuples come as arrays.
 *
 * @returns undefined when the text is none, or has more than {@link DEEPEST} of them within each other.
 */
export function parsePythonLiteral(text: string): PythonLiteral | undefined {
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  let at = 0;
  const takes = (sign: string) => tokens[at]?.sign === sign && ++at > 0;

  /** The parts up to a closing sign, with a comma after each but the last, where it may stand or not. */
  function listUntil(close: string, part: () => boolean): boolean {
    while (!takes(close)) {
      if (!part()) return false;
      if (!takes(',') && tokens![at]?.sign !== close) return false;
    }
    return true;
  }

  function value(depth: number): PythonLiteral | undefined {
    if (depth > DEEPEST) return undefined;
    const list: PythonLiteral[] = [];
    const append = () => {
      const each = value(depth + 1);
      if (each !== undefined) list.push(each);
      return each !== undefined;
    };
    if (takes('(')) return listUntil(')', append) ? list : undefined;
    if (takes('[')) return listUntil(']', append) ? list : undefined;
    if (takes('{')) {
      const map = new Map<string, PythonLiteral>();
      const pair = () => {
        const key = value(depth + 1);
        const each = typeof key === 'string' && takes(':') ? value(depth + 1) : undefined;
        if (each !== undefined) map.set(key as string, each);
        return each !== undefined;
      };
      return listUntil('}', pair) ? map : undefined;
    }
    const token = tokens![at++];
    return token?.sign === undefined ? token?.value : undefined;
  }

  const whole = value(0);
  return at === tokens.length ? whole : undefined;
}

interface Token {
  readonly value?: PythonLiteral;
  readonly sign?: string;
}

function tokensOf(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < end;) {
    const match = TOKEN.exec(text);
    if (match === null) return undefined;
    const [, single, double, digits, word, sign] = match;
    const quoted = single ?? double;
    if (quoted !== undefined) tokens.push({ value: quoted.replace(/\\(.)/gs, '$1') });
    else if (digits !== undefined) tokens.push({ value: Number(digits) });
    else if (sign !== undefined) tokens.push({ sign });
    else if (Object.hasOwn(WORDS, word)) tokens.push({ value: WORDS[word] });
    else return undefined;
  }
  return tokens;
}
