import type { ConditionNumber, Verdict as Word } from 'ntkit/ntk';

const MEANING: Readonly<Record<Word, string>> = {
  resolved: 'the true λmin is at least half of this one',
  'lower-bound': 'λmin is lost in the noise: κ is at least this',
  indefinite: 'λmin is negative beyond the noise: the number means nothing',
};

/** A verdict on κ, with its meaning. */
export function Verdict({ verdict }: { readonly verdict: Word }) {
  return (
    <span class={`badge ${verdict}`} title={MEANING[verdict]}>
      {verdict}
      <span class="sr-only">: {MEANING[verdict]}</span>
    </span>
  );
}

/** The verdict on a κ; there is none where Θ is 0. */
export function VerdictOn({ ntk }: { readonly ntk: Pick<ConditionNumber, 'lambdaMax' | 'verdict'> }) {
  return ntk.lambdaMax === 0 ? null : <Verdict verdict={ntk.verdict} />;
}
